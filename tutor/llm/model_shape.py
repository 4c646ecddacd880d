"""What decides how much memory a language model takes: the sizes in its `config.json`. Knows no cards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ModelShape:
    """What decides memory: the sizes in `config.json`.

    Args:
        bits: per weight of the linear layers; embeddings and head stay at 16.
        group: weights that share a scale (16 bits) and a zero point (`bits`); 0 for none.
        weights: bytes on disk where they are known; otherwise they are computed.
    """

    name: str
    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_size: int
    vocabulary: int
    context: int
    bits: int = 16
    group: int = 0
    tied: bool = False
    weights: int = 0

    @property
    def weight_bytes(self) -> int:
        """Bytes of all weights."""
        if self.weights:
            return self.weights
        attention = 2 * self.hidden * self.head_size * (self.heads + self.kv_heads)
        linear = self.layers * (attention + 3 * self.hidden * self.intermediate)
        bits = self.bits + (16 + self.bits) / self.group if self.group else self.bits
        embeddings = (1 if self.tied else 2) * self.vocabulary * self.hidden
        return round(linear * bits / 8) + embeddings * 2

    def kv_bytes(self, bytes_per_value: int = 2) -> int:
        """Bytes of KV cache for one token: a key and a value per layer and KV head."""
        return 2 * self.layers * self.kv_heads * self.head_size * bytes_per_value

    def splits(self, ways: int) -> bool:
        """Whether tensor parallelism can cut it so: whole heads, whole quantisation groups. Uncut it always works."""
        if ways == 1:
            return True
        whole = self.intermediate % ways == 0 and not (self.group and self.intermediate // ways % self.group)
        return self.heads % ways == 0 and self.kv_heads % ways == 0 and whole


LLAMA_8B = ModelShape("Llama-3.1-8B-Instruct INT4", 32, 4096, 14336, 32, 8, 128, 128_256, 131_072, bits=4, group=128)
LLAMA_70B = ModelShape("Llama-3.1-70B-Instruct INT4", 80, 8192, 28672, 64, 8, 128, 128_256, 131_072, bits=4, group=128)
KNOWN = {"8b": LLAMA_8B, "70b": LLAMA_70B}


def shape_of(name: str, config: Mapping[str, Any], weights: int = 0) -> ModelShape:
    """The shape in a Llama-like `config.json` (also Qwen and Mistral).

    Raises:
        KeyError: a size is missing: some other architecture.
    """
    heads = int(config["num_attention_heads"])
    bits, group = _quantisation(config.get("quantization_config") or {})
    return ModelShape(
        name=name,
        layers=int(config["num_hidden_layers"]),
        hidden=int(config["hidden_size"]),
        intermediate=int(config["intermediate_size"]),
        heads=heads,
        kv_heads=int(config.get("num_key_value_heads") or heads),
        head_size=int(config.get("head_dim") or config["hidden_size"] // heads),
        vocabulary=int(config["vocab_size"]),
        context=int(config["max_position_embeddings"]),
        bits=bits,
        group=group,
        tied=bool(config.get("tie_word_embeddings")),
        weights=weights,
    )


def _quantisation(config: Mapping[str, Any]) -> tuple[int, int]:
    """Bits and group size, as AWQ and GPTQ say them, or inside compressed-tensors' groups."""
    for group in (config.get("config_groups") or {}).values():
        config = {"bits": group["weights"]["num_bits"], "group_size": group["weights"].get("group_size")}
        break
    return int(config.get("bits") or 16), max(0, int(config.get("group_size") or 0))
