"""Which language model, from where, served how; and one client for it.

The rest of the tutor asks for `open_model(settings)` and gets chat completions and token counts, whatever
runs them: llama.cpp embedded on a CPU, vLLM on a GPU, somebody else's OpenAI-compatible server, or a fake.
Importing this room is cheap: httpx and LangChain are imported when first used.
"""

from tutor.llm.catalogue import Catalogue, CatalogueEntry, load_catalogue
from tutor.llm.model import Model, open_model
from tutor.llm.on_disk import Installed, installed, verify
from tutor.llm.pull import pull
from tutor.llm.resolve import ModelChoice, resolve, saved_choice, use
from tutor.llm.state import ModelState

__all__ = [
    "Catalogue",
    "CatalogueEntry",
    "Installed",
    "Model",
    "ModelChoice",
    "ModelState",
    "installed",
    "load_catalogue",
    "open_model",
    "pull",
    "resolve",
    "saved_choice",
    "use",
    "verify",
]
