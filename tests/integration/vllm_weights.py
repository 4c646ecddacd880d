"""Exports a GGUF as a folder of weights for vLLM: `vllm_weights.py plain|w8a8 FILE.gguf FOLDER`.

Runs in vLLM's environment (torch, transformers), started by `vllm_setup.py`. `w8a8` quantises the linear layers to INT8, one
symmetric scale per output channel, activations per token while running: the `int-quantized` form of compressed-tensors,
for which nothing must be calibrated. Knows nothing of vLLM itself.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

W8A8 = {
    "quant_method": "compressed-tensors",
    "format": "int-quantized",
    "ignore": ["lm_head"],
    "config_groups": {
        "group_0": {
            "targets": ["Linear"],
            "weights": {"num_bits": 8, "type": "int", "symmetric": True, "strategy": "channel", "dynamic": False},
            "input_activations": {
                "num_bits": 8, "type": "int", "symmetric": True, "strategy": "token", "dynamic": True
            },
        }
    },
}  # fmt: skip


def main() -> None:
    """Export, and quantise where asked."""
    form, gguf, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    unpacked = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.bfloat16)
    if hasattr(unpacked.config, "quantization_config"):
        del (
            unpacked.config.quantization_config
        )  # it says GGUF, and a GGUF cannot be saved: the weights are plain by now
    model = type(unpacked)(unpacked.config).to(torch.bfloat16)
    model.load_state_dict(unpacked.state_dict())
    tokenizer = AutoTokenizer.from_pretrained(**source)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    if form == "w8a8":
        quantise(folder)


def quantise(folder: Path) -> None:
    """Rewrite the folder's weights as INT8 with their scales."""
    import torch
    from safetensors.torch import load_file, save_file

    tensors = {}
    for name, weight in load_file(folder / "model.safetensors").items():
        if name.endswith("_proj.weight"):
            scale = weight.float().abs().amax(dim=1, keepdim=True).clamp(min=1e-8) / 127
            tensors[name] = (weight.float() / scale).round().clamp(-127, 127).to(torch.int8)
            tensors[f"{name}_scale"] = scale.to(weight.dtype)
        else:
            tensors[name] = weight
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**config, "quantization_config": W8A8}, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
