"""What a folder of weights says about itself: its sizes, its bytes, its chat template.

Reads `config.json` and the tokenizer's files. Knows nothing of GPUs, engines or where the folder came from.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ingest.errors import ModelUnavailable
from tutor.llm.model_shape import ModelShape, shape_of


def read_shape(folder: Path) -> ModelShape | None:
    """The shape of the model in `folder`; None if it cannot be read or is of another architecture."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return shape_of(folder.name, config, sum(file.stat().st_size for file in folder.glob("*.safetensors")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def chat_template(folder: Path) -> str:
    """The chat template that came with the weights; empty if there is none.

    It is a file of its own in newer exports, an entry of `tokenizer_config.json` in older ones (there also a list of
    named templates, of which `default` is used).
    """
    for name in ("chat_template.jinja", "chat_template.json", "tokenizer_config.json"):
        try:
            text = (folder / name).read_text(encoding="utf-8")
            found: Any = text if name.endswith(".jinja") else json.loads(text).get("chat_template")
            if isinstance(found, list):
                found = next((row["template"] for row in found if row.get("name") == "default"), "")
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
        if isinstance(found, str) and found.strip():
            return found
    return ""


def check_chat_template(name: str, folder: Path) -> None:
    """Refuse weights that cannot hold a conversation, before minutes go into loading them.

    Raises:
        ModelUnavailable: the folder has a tokenizer, but no template that uses the messages.
    """
    if not (folder / "tokenizer_config.json").is_file():
        return  # not a folder of weights that we can judge: the engine says what is wrong with it
    if "messages" not in chat_template(folder):
        raise ModelUnavailable(
            f"{name} has no chat template in {folder}: it is a base model, or a file is missing.",
            "Take an -Instruct model, or put its chat_template.jinja there.",
        )
