"""The one configuration object: read once from the environment (prefix `TUTOR_`), then passed in.

Nothing else in the project reads the environment.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

LOOPBACK = "127.0.0.1"
SECRETS = Path("/run/secrets")


class Settings(BaseSettings):
    """What a user may set. Every field has a default that works on a laptop with no set-up."""

    # A container's secrets are files named as the variables are: /run/secrets/tutor_server_key.
    model_config = SettingsConfigDict(
        env_prefix="TUTOR_",
        extra="ignore",
        protected_namespaces=(),
        secrets_dir=SECRETS if SECRETS.is_dir() else None,
    )

    data_dir: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("interview-tutor", appauthor=False)),
        description="Where models, corpora and indexes live.",
    )
    corpus: str = Field(default="llm-vlm-80", description="The corpus that is asked when none is named.")
    embedders: list[str] = Field(
        default=["use", "e5@ask"],
        description="Dense legs: `use`, `e5` (packaged) or `st:NAME` for any sentence-transformers model; "
        "`NAME@ask` embeds only titles and expansions.",
    )
    reranker: str = Field(
        default="",
        description="Cross-encoder that looks again at the first ten questions: a sentence-transformers model by hub name "
        "or folder. For machines with a GPU.",
    )
    chroma_url: str = Field(
        default="",
        description="Chroma server that keeps the vectors, as http://HOST:PORT; empty keeps them beside the index.",
    )
    database_url: str = Field(
        default="",
        description="PostgreSQL database of users' data, as postgresql://USER:PASSWORD@HOST/NAME; empty means one "
        "SQLite file in the data folder.",
    )
    model: str = Field(
        default="auto",
        description="`auto`, a catalogue name, a path to a GGUF file, `fake` (tests) or `none` (extracts only).",
    )
    server_url: str = Field(
        default="",
        description="Base URL of an OpenAI-compatible server (vLLM, Ollama, llama.cpp); wins over `model`.",
    )
    server_key: str = Field(default="", description="API key for `server_url`, if it wants one.")
    llama_server: str = Field(
        default="",
        description="A llama-server of your own build for GGUF files; empty takes one that is on the PATH, `packaged` never does.",
    )
    offline: bool = Field(default=False, description="Never fetch anything, not even a model on first use.")
    threads: int = Field(default=0, ge=0, description="CPU threads of the embedded engine; 0 means all physical cores.")
    context: int = Field(default=4096, ge=1024, description="Context window of the embedded engine, tokens.")
    prompt_cache_mib: int = Field(
        default=2048, ge=0,
        description="Disk space for what the embedded engine has read before (instructions and passages, 17 MB a "
        "question); 0 keeps nothing.",
    )  # fmt: skip
    host: str = Field(default=LOOPBACK, description="Address that `tutor serve` binds.")
    port: int = Field(default=7860, ge=0, le=65535, description="Port that `tutor serve` binds; 0 picks a free one.")
    sign_in: bool | None = Field(
        default=None,
        description="Whether users sign in; unset means yes wherever others than this machine can reach the page.",
    )
    names: list[str] = Field(
        default=[],
        description="Names under which the page is reached, as in tutor.example.org; none means any, with sign-in on.",
    )
    session_hours: float = Field(
        default=168, gt=0, le=720, description="A session ends after so many hours of silence."
    )
    rate_limit: int = Field(
        default=240, ge=0, description="Requests a minute that one signed-in user may send; 0 sets no limit."
    )
    proxy_user_header: str = Field(
        default="",
        description="Header in which a proxy that signs users in names them, as in X-Forwarded-User; empty believes none.",
    )
    proxy_addresses: list[str] = Field(
        default=["127.0.0.1", "::1"],
        description="Addresses and networks of proxies whose headers are believed.",
    )
    log_format: Literal["text", "json"] = Field(default="text", description="Form of the server's log lines.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="warning", description="What the server logs; `info` has a line for each request and each answer."
    )
    log_texts: bool = Field(default=False, description="Put users' questions and answers into the log, too.")
    traces_url: str = Field(
        default="", description="OpenTelemetry collector for traces of answers, as http://HOST:4317; empty sends none."
    )
    drain_seconds: float = Field(
        default=30,
        ge=0,
        description="When the server is told to stop, answers that are being written get so many seconds.",
    )
    debug: bool = Field(default=False, description="Show tracebacks.")

    @property
    def on_loopback(self) -> bool:
        """Whether `host` can be reached from this machine only."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def signing_in(self) -> bool:
        """Whether users sign in."""
        return not self.on_loopback or bool(self.proxy_user_header) if self.sign_in is None else self.sign_in

    @property
    def models_dir(self) -> Path:
        """Folder of pulled models."""
        return self.data_dir / "models"

    @property
    def store_file(self) -> Path:
        """The SQLite file of users' data, where no other database is set."""
        return self.data_dir / "tutor.sqlite"

    @property
    def corpora_dir(self) -> Path:
        """Folder of ingested corpora, one sub-folder each."""
        return self.data_dir / "corpora"
