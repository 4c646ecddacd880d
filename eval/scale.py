"""What 100,000 passages cost: ingest against the bare embedder, peak memory, search latency by size.

    python -m eval scale [--passages 100000] [--drcd FOLDER]

How the corpus is made: the sentences of the outside benchmark (`--drcd`), or of the shipped corpus, are cut in their
middle, and a passage is the first half of one with the second half of another, drawn with a fixed seed; no passage
comes twice, so that no vector can be taken from the cache. Twenty passages make a question, titled with the beginning
of a sentence and its number. Such passages read oddly, but have the lengths, words and neighbourhoods of real ones.
Queries are those of the benchmark, or pieces of passages.

Every size is built in a process of its own, so that its peak memory is its own. The bare embedder embeds a sample
of the same texts in the same process before and after the build, in one call of its own package (with one thread or
two it is equally fast); the ratio compares texts per second.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.retrieval import percentiles
from ingest.corpora import read_document, shipped_document
from ingest.document import Block, Document, Question, Section
from ingest.embed import load_embedder, split_spec
from ingest.index import build
from ingest.passages import sentences
from tutor.retrieval.search import Searcher

SIZES = (100, 1_000, 10_000, 100_000)
BARS = {"throughput": 0.90, "p95_ms": 150.0, "p95_growth": 2.0}
PASSAGES_PER_QUESTION = 20
# Shorter sentences make passages that say nothing.
SHORTEST = 16
SAMPLE, QUERIES, WARM = 1_000, 300, 20
NAME = "scale"
Say = Callable[[str], None]


def measure(
    passages: int, embedders: Sequence[str], drcd: Path | None = None, say: Say = lambda line: None
) -> dict[str, Any]:
    """Build and search corpora of growing size, up to `passages`.

    Returns:
        `sizes`: one row each with passages, texts, build_seconds, build_seconds_all_embedders, texts_per_second, bare_texts_per_second,
        throughput (their ratio), cpu_throughput (the same by processor time, for busy machines), peak_mb,
        keyword_mapped and latency_ms {"p50", "p95", "p99"}; `p95_growth`: p95 at the largest size over p95 at the
        smallest; `bars`.
    """
    rows = []
    for size in sorted({s for s in SIZES if s < passages} | {passages}):
        say(f"{size} passages ...")
        with tempfile.TemporaryDirectory(prefix="tutor-scale-") as folder:
            built = _in_child(_build, Path(folder), size, tuple(embedders), drcd)
            say(f"  built: {json.dumps(built)}")
            searched = _in_child(_search, Path(folder), size, tuple(embedders), drcd)
            say(f"  searched: {json.dumps(searched)}")
        rows.append({"passages": size, **built, **searched})
    growth = rows[-1]["latency_ms"]["p95"] / rows[0]["latency_ms"]["p95"]
    return {"sizes": rows, "p95_growth": round(growth, 2), "bars": BARS, "embedders": list(embedders)}


def _in_child(work: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    """Run in a fresh process: memory and caches of one size must not help or hurt the next."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def _build(folder: Path, size: int, embedders: tuple[str, ...], drcd: Path | None) -> dict[str, Any]:
    document = synthesise(size, _sentences(drcd))
    texts = [f"{q.title} {document.source[s.start : s.end]}" for q in document.questions for s in q.sections]
    sample = texts[:: max(1, len(texts) // SAMPLE)]
    del texts
    model = load_embedder(split_spec(embedders[0])[0])
    model.passages(sample[:50])
    before = _peak_mb()
    rates = [_rate(model.queries, sample)]
    started, worked = time.perf_counter(), time.process_time()
    # Only the embedder that reads everything is compared with its bare self: the clock stops where the next begins.
    stopped: list[tuple[float, float, int]] = []

    def watch(stage: str, done: int, total: int) -> None:
        if not stopped and stage.startswith(tuple(split_spec(e)[0] + "-" for e in embedders[1:])):
            stopped.append((time.perf_counter() - started, time.process_time() - worked, _peak_mb()))

    build(folder / NAME, NAME, document, embedders=embedders, progress=watch)
    whole = time.perf_counter() - started
    seconds, work, peak = stopped[0] if stopped else (whole, time.process_time() - worked, _peak_mb())
    rates.append(_rate(model.queries, sample))
    # Each question's title is embedded for both roles but computed once.
    computed = len(document.questions) + sum(len(q.sections) for q in document.questions)
    bare, bare_work = (float(np.mean(column)) for column in zip(*rates, strict=True))
    return {
        "questions": len(document.questions), "texts": computed, "build_seconds": round(seconds, 1),
        "build_seconds_all_embedders": round(whole, 1),
        "texts_per_second": round(computed / seconds, 1), "bare_texts_per_second": round(bare, 1),
        "throughput": round(computed / seconds / bare, 3), "cpu_throughput": round(computed / work / bare_work, 3),
        "peak_mb": peak, "embedder_mb": before,
    }  # fmt: skip


def _rate(embed: Callable[[Sequence[str]], Any], texts: Sequence[str]) -> tuple[float, float]:
    """Texts per second, and per second of processor time."""
    started, worked = time.perf_counter(), time.process_time()
    embed(texts)
    return len(texts) / (time.perf_counter() - started), len(texts) / (time.process_time() - worked)


def _peak_mb() -> int:
    """Peak resident memory of this process so far, MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak / (2**20 if sys.platform == "darwin" else 2**10))


def _search(folder: Path, size: int, embedders: tuple[str, ...], drcd: Path | None) -> dict[str, Any]:
    started = time.perf_counter()
    searcher = Searcher(folder, NAME, embedders)
    opened = time.perf_counter() - started
    queries = _queries(drcd, searcher)
    for query in queries[:WARM]:
        searcher.search(query)
    timings = [searcher.search(query).ms for query in queries[WARM:]]
    return {
        "open_seconds": round(opened, 2), "latency_ms": percentiles(timings), "search_peak_mb": _peak_mb(),
        "keyword_mapped": searcher.index.keyword_passages.mapped and searcher.index.keyword_questions.mapped,
        "index_mb": round(sum(p.stat().st_size for p in (folder / NAME).rglob("*") if p.is_file()) / 2**20),
    }  # fmt: skip


def synthesise(size: int, material: Sequence[str]) -> Document:
    """A document of `size` passages, each in a section of its own, made from the halves of sentences.

    Args:
        material: sentences; at least the square root of `size`.
    """
    generator = np.random.default_rng(0)
    pairs = _distinct_pairs(size, len(material), generator)
    pieces: list[str] = []
    questions: list[Question] = []
    position, line = 0, 1

    def write(text: str) -> tuple[int, int]:
        nonlocal position, line
        start = position
        pieces.append(text + "\n")
        position += len(text) + 1
        line += 1
        return start, start + len(text)

    for number, first in enumerate(range(0, size, PASSAGES_PER_QUESTION), 1):
        head = material[int(generator.integers(len(material)))]
        title = f"{head[: len(head) // 2]} {number}"
        top = line
        begin, _ = write(title)
        sections = []
        for index, (a, b) in enumerate(pairs[first : first + PASSAGES_PER_QUESTION].tolist()):
            head, tail = material[a], material[b]
            start, end = write(head[: len(head) // 2] + tail[len(tail) // 2 :])
            sections.append(Section("", start, end, (Block("text", start, end, index, (), line - 1),)))
        questions.append(Question(number, str(number), title, "", begin, position - 1, top, tuple(sections)))
    return Document("".join(pieces), tuple(questions), parser="synthetic", reason="halves of sentences")


def _distinct_pairs(size: int, sentences_there: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """`(size, 2)` pairs of positions, none twice."""
    if sentences_there**2 < size:
        raise ValueError(f"{sentences_there} sentences are too few for {size} passages")
    codes = generator.choice(sentences_there**2, size, replace=False)
    return np.stack(np.divmod(codes, sentences_there), axis=1)


def _sentences(drcd: Path | None) -> list[str]:
    """The sentences to make passages of, in order, each once."""
    if drcd is None:
        path = shipped_document("llm-vlm-80")
        assert path is not None
        document = read_document(path)
    else:
        from eval.drcd import document_of, load

        document = document_of(load(drcd)[0])
    source = document.source
    blocks = [b for q in document.questions for s in q.sections for b in s.blocks if b.kind == "text"]
    found = (source[a:b].replace("\n", " ") for block in blocks for a, b in sentences(source, block.start, block.end))
    return list(dict.fromkeys(s for s in found if len(s) >= SHORTEST))


def _queries(drcd: Path | None, searcher: Searcher) -> list[str]:
    if drcd is not None:
        from eval.drcd import load

        return [q.query for q in load(drcd)[1]][: QUERIES + WARM]
    generator = np.random.default_rng(1)
    rows = generator.integers(0, len(searcher.index.content.passage_question), QUERIES + WARM)
    texts = [searcher.index.content.passage(int(row)).text for row in rows]
    return [text[len(text) // 4 : len(text) // 4 + 14] for text in texts]
