"""Sentences that are no part of an answer, recognised by what they mean: for those that no pattern foresees.

"attack": talks to whoever grades; learned from sentences that people wrote to be graded well without knowing anything,
and from honest ones that look like them. "filler": could stand in an answer to any question; learned from such, and from
short or general ones that do say something. `python -m eval fit-sentences` writes a file for each. Knows sentences,
nothing of questions or rubrics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ingest.embed import SIDE_BY_SIDE, load_embedder, side_by_side
from tutor.retrieval.text_model import TextModel

Kind = Literal["attack", "filler"]
Array = NDArray[np.float64]
FOLDER = Path(__file__).parent
_REMEMBERED = 64


@dataclass(frozen=True)
class SentenceModel:
    """What was learned from sentences, and how its two signs are weighed; the last of `weighing` is a bias."""

    sentences: TextModel
    weighing: tuple[float, float, float]

    def chances(self, vectors: Array) -> Array:
        """How likely each sentence is of the kind, `(n,)` of `(n, 896)`."""
        *weights, bias = self.weighing
        return np.asarray(1 / (1 + np.exp(-(self.sentences.signs(vectors) @ weights + bias))))


def chances(kind: Kind, texts: Sequence[str]) -> Array:
    """How likely each sentence is of this kind, `(n,)`, 0 to 1.

    Args:
        texts: sentences as `clauses.plain` gives them, so that the script makes no difference.
    """
    return _learned(kind).chances(_vectors(tuple(texts))) if texts else np.zeros(0)


def sentence_vectors(texts: Sequence[str]) -> Array:
    """What a model sees of each sentence, `(n, 896)`."""
    return side_by_side({name: load_embedder(name).passages(list(texts)) for name in SIDE_BY_SIDE})


def file_of(kind: Kind) -> Path:
    """Where what was learned of a kind is kept."""
    return FOLDER / f"{kind}.npz"


def keep(kind: Kind, model: SentenceModel) -> None:
    """Write what was learned of a kind, in place of what was before."""
    np.savez_compressed(file_of(kind), weighing=np.asarray(model.weighing), **model.sentences.arrays())
    _learned.cache_clear()


# Both kinds are asked about the same sentences, and the same answer is screened for its grade and for a dispute.
@lru_cache(maxsize=_REMEMBERED)
def _vectors(texts: tuple[str, ...]) -> Array:
    return sentence_vectors(texts)


@lru_cache(maxsize=2)
def _learned(kind: Kind) -> SentenceModel:
    with np.load(file_of(kind)) as data:
        of_score, of_near, bias = data["weighing"].tolist()
        return SentenceModel(TextModel.from_arrays(data), (of_score, of_near, bias))
