"""An optional second look at the first questions by a cross-encoder, which reads query and answer together.

A cross-encoder of sentence-transformers takes seconds on a CPU and milliseconds on a GPU, so none is used unless it is
named. Knows texts and scores, nothing of indexes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.errors import UsageError

# Questions that are looked at again, and characters of each. On the dev rows the right one is among the first five.
AGAIN, CHARACTERS = 10, 1200
# Half of a score is the first stage's: a cross-encoder knows language, the legs know this corpus.
SAY = 0.5


class Reranker:
    """A cross-encoder by hub name or folder.

    Raises:
        UsageError: the package is not installed, or the model cannot be loaded.
    """

    def __init__(self, model: str) -> None:
        try:
            from sentence_transformers import CrossEncoder
        except ImportError as error:
            raise UsageError(
                "The package sentence-transformers is not installed.",
                "pip install 'interview-tutor[sentence-transformers]', or leave TUTOR_RERANKER empty.",
            ) from error
        try:
            self._model: Any = CrossEncoder(model)
        except (OSError, ValueError) as error:
            raise UsageError(
                f"The cross-encoder {model!r} cannot be loaded: {str(error).splitlines()[0]}",
                "Name a model of the hub, or a folder that holds one, in TUTOR_RERANKER.",
            ) from error

    def scores(self, query: str, texts: Sequence[str]) -> NDArray[np.float64]:
        """How well each text answers the query: `(texts,)`, 0 to 1."""
        from torch.nn import Sigmoid

        pairs = [(query, text[:CHARACTERS]) for text in texts]
        found = self._model.predict(pairs, activation_fn=Sigmoid(), show_progress_bar=False)
        return np.asarray(found, dtype=np.float64).reshape(len(texts), -1)[:, -1]


@lru_cache(maxsize=2)
def load_reranker(model: str) -> Reranker:
    """The reranker of this name, loaded once per process."""
    return Reranker(model)


def reranked(first: NDArray[np.float64], positions: Sequence[int], again: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores after the second look; who was not looked at stays behind who was.

    Args:
        first: scores of the first stage, `(questions,)`, 0 to 1.
        positions: those that were looked at again, with `again`, 0 to 1, in the same order.
    """
    both = (1 - SAY) * first
    both[list(positions)] += SAY * again
    rest = np.setdiff1d(np.arange(len(first)), positions)
    if len(rest) and len(positions):
        both[rest] = np.minimum(both[rest], both[list(positions)].min())
    return np.asarray(both, dtype=np.float64)
