"""The built wheel stands alone: the corpus, its expansions and every data file travel with it."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CHECK = """
import ingest, json
from pathlib import Path
from ingest.corpora import read_document, read_expansions, shipped_document
path = shipped_document("llm-vlm-80")
assert Path(ingest.__file__).parent in path.parents, path
document = read_document(path)
from tutor.llm import load_catalogue
from tutor.retrieval.fusion import calibration
from tutor.web import page
from tutor.settings import Settings
from tutor.store import open_store
open_store(Settings(data_dir=Path.cwd() / "data")).close()  # its migrations travel, too
from tutor.interview.material import open_material
material = open_material(Path.cwd() / "none", "llm-vlm-80")
assert len(material.rubrics) == 80 and len(material.probes) > 300  # key points and follow-ups travel beside the document
from tutor.interview.report_html import report_html
from tutor.interview.report import make_report
from tutor.interview.setup import Setup
from tutor.interview.state import State
assert "<html" in report_html(make_report("i", State(setup=Setup(corpus="x"), plan=()), {}))
from eval.gold import rows
print(json.dumps([len(document.questions), len(read_expansions(path, document)), len(load_catalogue().models) > 3,
                  bool(calibration()["weights"]), len(rows("retrieval", "dev")), str(Path(page.__file__).parent)]))
"""


def test_the_wheel_carries_everything(tmp_path):
    wheels, site = tmp_path / "wheels", tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(wheels), str(ROOT)], check=True, timeout=300
    )
    wheel = next(wheels.glob("*.whl"))
    subprocess.run(
        [*pip, "install", "--no-deps", "--no-compile", "--target", str(site), str(wheel)], check=True, timeout=300
    )
    environment = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run(
        [sys.executable, "-c", CHECK],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("[80, 80, true, true, 160")
    assert (site / "tutor" / "web" / "look" / "frame.css").exists()
