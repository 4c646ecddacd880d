"""numpy's BLAS keeps to one thread: its idle ones would take the core from the embedder and the language model."""

import os
import subprocess
import sys

import pytest

SHOWN = "; ".join([
    "import {module}", "import numpy", "from threadpoolctl import threadpool_info",
    "print([pool['num_threads'] for pool in threadpool_info() if pool['user_api'] == 'blas'])",
])  # fmt: skip


def _threads(module: str, **environment: str) -> str:
    kept = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    return subprocess.run(
        [sys.executable, "-c", SHOWN.format(module=module)], env=kept | environment, capture_output=True, text=True,
        check=True,
    ).stdout.strip()  # fmt: skip


@pytest.mark.parametrize("module", ["tutor.cli", "tutor.web.serve", "eval.retrieval"])
def test_one_thread_however_the_product_is_entered(module: str) -> None:
    assert _threads(module) == "[1]"


def test_a_user_s_own_setting_is_kept() -> None:
    if (os.cpu_count() or 1) < 2:
        pytest.skip("one core: there is nothing to tell apart")
    assert _threads("tutor.cli", OPENBLAS_NUM_THREADS="2") == "[2]"
