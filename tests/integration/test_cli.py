"""The command line's contracts, through the real program."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def tutor(*args: str, data: Path, stdin: str = "", model: str = "fake") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TUTOR_DATA_DIR": str(data), "TUTOR_MODEL": model, "TUTOR_OFFLINE": "1"}
    return subprocess.run(
        [sys.executable, "-m", "tutor", *args],
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_ingest_reports_the_contract_and_recognises_unchanged_input(corpus_data):
    done = tutor("ingest", "--json", data=corpus_data)
    report = json.loads(done.stdout)
    assert done.returncode == 0
    assert {k: report[k] for k in ("corpus", "questions", "answered", "skipped", "unchanged")} == {
        "corpus": "llm-vlm-80", "questions": 80, "answered": 80, "skipped": [], "unchanged": True,
    }  # fmt: skip
    assert report["sections"] == 182
    assert report["passages"] > 300


def test_check_only_parses(tmp_path, tiny_bank):
    report = json.loads(tutor("ingest", str(tiny_bank), "--check", "--json", data=tmp_path).stdout)
    assert [(i["number"], i["answered"]) for i in report["items"]] == [(1, True), (2, True), (3, True)]
    assert report["items"][0] == {"number": 1, "title": "什麼是快取？", "answered": True, "line": 3}
    assert not (tmp_path / "corpora").exists()


def test_search_contract(corpus_data):
    row = json.loads(tutor("search", "--json", "--top", "3", "KV Cache 為什麼能加速推理？", data=corpus_data).stdout)
    assert row["hits"][0]["question"] == 19
    assert len(row["hits"]) == 3
    assert row["in_corpus"] is True
    assert row["rewritten"] is None
    assert set(row["hits"][0]) == {"question", "title", "score", "section", "passage", "start", "end"}


def test_ask_cites_and_refuses(corpus_data):
    answered = json.loads(tutor("ask", "--json", "KV Cache 為什麼能加速推理？", data=corpus_data).stdout)
    assert not answered["refused"]
    assert 19 in {c["question"] for c in answered["citations"]}
    assert "【第19題】" in answered["answer"]
    refused = json.loads(tutor("ask", "--json", "明天台北會下雨嗎", data=corpus_data).stdout)
    assert refused["refused"]
    assert refused["citations"] == []
    assert len(refused["suggestions"]) == 3


def test_batch_goes_on_after_a_bad_row(corpus_data):
    rows = ['{"id": "a", "query": "什麼是 LoRA"}', "not json", '{"id": "c"}', '{"id": "d", "query": "go on", "history": [{"role": "x"}]}',
            '{"id": "e", "query": "缺點呢？", "history": [{"role": "user", "content": "什麼是 LoRA"}, {"role": "assistant", "content": "低秩【第37題】"}]}']  # fmt: skip
    done = tutor("search", "--batch", "-", data=corpus_data, stdin="\n".join(rows))
    out = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [r["id"] for r in out] == ["a", "line-2", "c", "d", "e"]
    assert ["error" in r for r in out] == [False, True, True, True, False]
    assert out[0]["hits"][0]["question"] == 37
    assert out[4]["rewritten"]


def test_batch_to_a_file(corpus_data, tmp_path):
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"id": "a", "query": "第 17 題"}\n', encoding="utf-8")
    done = tutor("ask", "--batch", str(source), "--out", str(out), data=corpus_data)
    assert (done.returncode, done.stdout) == (0, "")
    row = json.loads(out.read_text(encoding="utf-8"))
    assert {c["question"] for c in row["citations"]} == {17}


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("search",), "no query"),
        (("search", "x", "--corpus", "nope"), "nope"),
        (("ingest", "missing.md"), "no file"),
        (("ask", "--batch", "missing.jsonl"), "cannot be read"),
        (("models", "pull", "nope"), "nope"),
    ],
)
def test_errors_name_the_mend_without_a_traceback(corpus_data, args, says):
    done = tutor(*args, data=corpus_data)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unusable_setting_names_itself(corpus_data, monkeypatch):
    monkeypatch.setenv("TUTOR_PORT", "many")
    done = tutor("doctor", data=corpus_data)
    assert done.returncode == 2
    assert "TUTOR_PORT" in done.stderr


def test_doctor_gives_each_finding_a_reason(corpus_data):
    findings = json.loads(tutor("doctor", "--json", data=corpus_data).stdout)
    assert {f["name"] for f in findings} >= {"tutor", "machine", "data folder", "model", "corpus"}
    assert all(f["reason"] for f in findings)


def test_models_list_names_what_is_used_and_why(corpus_data):
    report = json.loads(tutor("models", "list", "--json", data=corpus_data).stdout)
    assert report["used"] == "fake"
    assert report["reason"]
    assert {"Llama-3.2-3B-Instruct-Q4_K_M", "Qwen2.5-Coder-1.5B-Instruct-Q4_K_M"} <= {
        m["name"] for m in report["models"]
    }


def test_the_version_is_said_without_a_command(tmp_path):
    done = tutor("--version", data=tmp_path)
    assert done.returncode == 0
    assert done.stdout.strip()
