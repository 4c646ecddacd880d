"""A bank of three questions with key points, and its index: enough to be interviewed on."""

from __future__ import annotations

from pathlib import Path

from ingest.corpora import ingest
from tutor.settings import Settings

DOCUMENT = """# Bank

### 1. What is a cache?

A cache keeps data that is used often in fast memory. It saves computing the same thing twice.

### 2. What is an index?

An index lets a database find rows without reading the whole table. It makes writing slower.

### 3. What is a load balancer?

A load balancer spreads requests over several servers. It keeps a single machine from being overloaded.
"""
RUBRICS = """
- question: 1
  points:
    - {id: '1.1', kind: core, weight: 2, statement: A cache keeps data in fast memory, quote: A cache keeps data that is used often in fast memory.}
    - {id: '1.2', kind: core, weight: 1, statement: It saves computing the same thing twice, quote: It saves computing the same thing twice.}
- question: 2
  points:
    - id: '2.1'
      kind: core
      weight: 2
      statement: An index finds rows without reading the whole table
      quote: An index lets a database find rows without reading the whole table.
    - {id: '2.2', kind: core, weight: 1, statement: It makes writing slower, quote: It makes writing slower.}
- question: 3
  points:
    - {id: '3.1', kind: core, weight: 2, statement: A load balancer spreads requests over several servers, quote: A load balancer spreads requests over several servers.}
"""


def indexed(folder: Path) -> Settings:
    """Settings of a data folder that holds the bank, without a model: grading needs none."""
    found = Settings(data_dir=folder, corpus="bank", model="none")
    (folder / "bank.md").write_text(DOCUMENT, encoding="utf-8")
    (folder / "bank.rubrics.yaml").write_text(RUBRICS, encoding="utf-8")
    ingest(found.corpora_dir, "bank", folder / "bank.md", embedders=found.embedders)
    return found
