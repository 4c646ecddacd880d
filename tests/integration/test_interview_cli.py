"""`tutor interview` as people and scripts run it, a kill in the middle of it included."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

TUTOR = [sys.executable, "-m", "tutor"]
ANSWER = "LoRA 把原始權重凍結，只訓練兩個小矩陣 A 和 B。\n推理會變慢因為不能合併。\n\n"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "TUTOR_DATA_DIR": str(tmp_path / "data"), "TUTOR_MODEL": "none", "TUTOR_OFFLINE": "1"}


def tutor(environment: dict[str, str], *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TUTOR, *arguments], input=typed, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def rows(done: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_scripted_interview_pauses_resumes_and_reports(environment: dict[str, str], tmp_path: Path) -> None:
    first = tutor(environment, "interview", "-q", "37", "-q", "19", typed=ANSWER + "/time\n/pause\n")
    assert first.returncode == 0, first.stderr
    assert "推理會變慢因為不能合併" in first.stdout
    assert "--resume" in first.stderr
    out = tmp_path / "report.html"
    typed = "其實可以合併回原始權重，所以推理不會變慢。\n\n/dispute\n/hint\n/dontknow\n"
    second = tutor(environment, "interview", "--resume", "--report", str(out), typed=typed)
    assert second.returncode == 0, second.stderr
    assert "資料是這樣說的" in second.stdout
    assert "模擬面試報告" in second.stdout
    assert '<section id="q37">' in out.read_text(encoding="utf-8")
    looked = rows(tutor(environment, "progress", "--json"))[0]
    assert (looked["asked"], looked["attempts"], looked["streak"]) == (2, 2, 1)
    assert "nothing is due" in tutor(environment, "interview", "--due", "--json").stdout


def test_json_in_and_out(environment: dict[str, str], tmp_path: Path) -> None:
    typed = '{"answer": "它快取之前算過的 Key 和 Value，不用重算。"}\n{"command": "dispute", "arguments": ["19.3", "快取"]}\n/skip\n'
    chosen = ("-q", "19", "-q", "2", "--follow-ups", "0", "--report", str(tmp_path / "review.ics"))
    found = rows(tutor(environment, "interview", *chosen, "--json", typed=typed))
    kinds = [r.get("kind") for r in found if r["type"] == "said"]
    assert kinds == ["greeting", "question", "answer", "feedback", "question", "notice", "acknowledgement", "closing"]
    report = found[-1]["report"]
    assert isinstance(report, dict)
    assert [q["outcome"] for q in report["questions"]] == ["answered", "skipped"]
    calendar = (tmp_path / "review.ics").read_bytes()
    assert calendar.count(b"BEGIN:VEVENT\r\n") == 2
    assert calendar.count(b"\n") == calendar.count(b"\r\n") == calendar.count(b"\r")


def test_wrong_arguments_say_how_to_mend_them(environment: dict[str, str]) -> None:
    for arguments in (
        ["-q", "333"],
        ["--persona", "x"],
        ["--category", "zzz"],
        ["--report", "a.docx"],
        ["--resume"],
        ["-c", "no"],
    ):
        done = tutor(environment, "interview", *arguments)
        assert done.returncode == 2, (arguments, done.stderr)
        assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_killed_interview_goes_on_where_it_was(environment: dict[str, str]) -> None:
    running = subprocess.Popen(
        [*TUTOR, "interview", "-q", "37", "-q", "19", "--json"], env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert running.stdin is not None
    assert running.stdout is not None
    running.stdin.write(json.dumps({"answer": ANSWER}) + "\n")
    running.stdin.flush()
    said = []
    while not said or said[-1]["kind"] != "follow-up":
        said.append(json.loads(running.stdout.readline()))
    running.send_signal(signal.SIGKILL)
    running.wait(30)
    running.stdout.close()
    resumed = rows(tutor(environment, "interview", "--resume", "--json", typed="其實可以合併回原始權重。\n/end\n"))
    assert resumed[0]["text"] == said[-1]["text"]
    report = resumed[-1]["report"]
    assert isinstance(report, dict)
    assert report["questions"][0]["answer"] == ANSWER
    assert report["questions"][0]["follow_ups"][0][1].startswith("其實")
