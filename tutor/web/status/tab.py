"""The status tab: what runs here and why, how well its parts are, how fast it was, where the data lies."""

from __future__ import annotations

import os
import platform
import shutil
import statistics
from html import escape
from typing import Any

import gradio as gr

from ingest.errors import TutorError
from tutor import __version__
from tutor.llm.hardware import cuda_gpu
from tutor.web.backstage import Backstage, Reply
from tutor.web.pane import QUICK, SKELETON, attributes, pane
from tutor.web.status.line import index_words
from tutor.web.status.reasons import reason
from tutor.web.strings import Tongue, say
from tutor.web.visitor import visitor

ENGINES = {"llama.cpp": "llama", "openai": "openai", "vllm": "vllm", "fake": "fake", "none": "none"}
LIGHTS = {"well": "on", "busy": "busy", "bad": "bad"}
WORDS = {"well": "healthy", "busy": "busy", "bad": "unhealthy"}


class StatusTab:
    """Pane and wiring."""

    def __init__(self, stage: Backstage) -> None:
        self._stage = stage
        self.pane = pane(SKELETON, "status-pane")

    def wire(self) -> None:
        """Connect the events."""
        gr.on([self.pane.select, self.pane.click], self._show, None, self.pane, **QUICK)

    def _show(self, request: gr.Request) -> str:
        return status_page(self._stage, visitor(request).tongue)


def status_page(stage: Backstage, tongue: Tongue) -> str:
    """The whole tab."""
    settings = stage.settings
    elsewhere = settings.server_url or settings.chroma_url or settings.database_url or settings.traces_url
    intro = say("status-intro-servers" if elsewhere else "status-intro", tongue)
    return (
        f'<div class="status-page"><h2>{escape(say("status-heading", tongue))}</h2>'
        f'<p class="hint">{escape(intro)}</p>{_choices(stage, tongue)}'
        f'<div class="columns">{_health(stage, tongue)}{_places(stage, tongue)}</div>{_speed(stage.replies, tongue)}</div>'
    )


def _choices(stage: Backstage, tongue: Tongue) -> str:
    model, index = stage.model, stage.index
    choice = stage.engine.choice if stage.engine is not None else None
    engine = choice.engine if choice is not None and hasattr(choice, "engine") else "none"
    kind = ENGINES.get(engine, "none")
    rows = [
        (say("model", tongue), f"{model.name or '…'} · {say(f'model-{model.phase}', tongue)}", reason(model.why or model.reason, tongue)),
        (say("engine", tongue), engine if kind != "none" else say("engine-none", tongue), say(f"engine-why-{kind}", tongue)),
        _device(stage, engine, tongue),
        (say("corpus", tongue), f"{stage.settings.corpus} · {index_words(index, tongue)}", _corpus_why(stage, tongue)),
        _grader(stage, tongue),
        (say("version", tongue), __version__, say("python", tongue, version=platform.python_version())),
    ]  # fmt: skip
    head = "".join(
        f'<th scope="col">{escape(say(k, tongue))}</th>' for k in ("status-what", "status-value", "status-reason")
    )
    body = "".join(
        f'<tr><th scope="row">{escape(a)}</th><td class="value">{escape(b)}</td><td class="hint">{escape(c)}</td></tr>'
        for a, b, c in rows
    )
    return f'<div class="table" tabindex="0"><table class="facts"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _device(stage: Backstage, engine: str, tongue: Tongue) -> tuple[str, str, str]:
    gpu = cuda_gpu()
    if engine == "openai":
        return say("device", tongue), say("device-remote", tongue), stage.settings.server_url
    if engine == "vllm":
        return say("device", tongue), say("device-gpu", tongue), reason(gpu.reason, tongue)
    threads = stage.settings.threads or os.cpu_count() or 1
    value = f"{say('device-cpu', tongue)} · {say('threads', tongue, count=threads)}"
    return (
        say("device", tongue),
        value,
        say("device-why-cpu", tongue, cores=os.cpu_count(), gpu=reason(gpu.reason, tongue)),
    )


def _corpus_why(stage: Backstage, tongue: Tongue) -> str:
    tutor = stage.tutor
    if tutor is None:
        return reason(stage.index.reason, tongue)
    content = tutor.searcher.index.content
    passages = sum(len(content.passages_of(n)) for n in content.questions)
    return say(
        "corpus-why", tongue, questions=len(content.questions), passages=passages, embedders=", ".join(tutor.searcher.embedders),
    )  # fmt: skip


def _grader(stage: Backstage, tongue: Tongue) -> tuple[str, str, str]:
    try:
        count = len(stage.corpora.material().rubrics)
    except TutorError:
        count = 0
    why = say("grader-why", tongue, count=count) if count else say("no-rubrics", tongue)
    return say("grader", tongue), say("grader-value", tongue), why


def health(stage: Backstage) -> dict[str, tuple[str, str]]:
    """Each part with "well", "busy" or "bad", and what is known about it."""
    index, model = stage.index, stage.model
    phases = {"ready": "well", "failed": "bad", "stopped": "bad", "none": "well"}
    found = {
        "page": ("well", ""),
        "search": (phases.get(index.phase, "busy"), index.reason),
        "model": (phases.get(model.phase, "busy"), model.reason),
    }
    try:
        stage.corpora.material()
        found["grading"] = ("well", "")
    except TutorError as error:
        found["grading"] = ("bad", error.message)
    try:
        stage.store.conversations.list("", limit=1)
        found["store"] = ("well", "")
    except TutorError as error:
        found["store"] = ("bad", error.message)
    return found


def _health(stage: Backstage, tongue: Tongue) -> str:
    rows = "".join(
        f'<li><span class="light {LIGHTS[state]}" aria-hidden="true"></span> <b>{escape(say(f"part-{part}", tongue))}</b> '
        f"{escape(say(WORDS[state], tongue))}{f'<p class=hint>{escape(reason(why, tongue))}</p>' if why and state != 'well' else ''}</li>"
        for part, (state, why) in health(stage).items()
    )
    return f'<section class="card"><h3>{escape(say("health", tongue))}</h3><ul class="plain">{rows}</ul></section>'


def _places(stage: Backstage, tongue: Tongue) -> str:
    settings = stage.settings
    place = settings.data_dir
    while not place.exists() and place != place.parent:
        place = place.parent
    free = shutil.disk_usage(place).free / 2**30
    rows = [
        (say("data-folder", tongue), str(settings.data_dir)),
        (say("corpora-folder", tongue), str(settings.corpora_dir)),
        (say("models-folder", tongue), str(settings.models_dir)),
    ]
    listed = "".join(f"<dt>{escape(name)}</dt><dd><code>{escape(path)}</code></dd>" for name, path in rows)
    return (
        f'<section class="card"><h3>{escape(say("data-lies", tongue))}</h3><dl>{listed}</dl>'
        f'<p class="hint">{escape(say("disk-free", tongue, free=f"{free:.0f}"))} · {escape(say("store-why", tongue))}</p></section>'
    )


_COLUMNS = ("model", "speed-search", "speed-first", "speed-total", "speed-tokens")


def _speed(replies: Any, tongue: Tongue) -> str:
    found: list[Reply] = list(replies)[::-1]
    head = f"<h3>{escape(say('speed', tongue))}</h3>"
    if not found:
        return f'<section class="card">{head}<p class="hint">{escape(say("speed-empty", tongue))}</p></section>'
    first = [r.first for r in found if r.first is not None]
    total = [r.total for r in found if r.total is not None]
    median = ""
    if first and total:
        words = say(
            "speed-median", tongue, first=_seconds(statistics.median(first)), total=_seconds(statistics.median(total))
        )
        median = f'<p class="hint">{escape(words)}</p>'
    heads = "".join(f'<th scope="col">{escape(say(k, tongue))}</th>' for k in _COLUMNS)
    rows = "".join(_reply(r, tongue) for r in found)
    return (
        f'<section class="card">{head}{median}<div class="table" tabindex="0"><table class="facts"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></section>"
    )


def _reply(reply: Reply, tongue: Tongue) -> str:
    tokens = str(reply.tokens) if reply.tokens else ""
    if reply.cached is not None:
        tokens += f" ({say('speed-cached', tongue, share=round(reply.cached * 100))})"
    model = say("engine-none", tongue) if reply.model == "none" else reply.model
    cells = [
        (key, say("seconds", tongue, count=_seconds(time)) if time is not None else "–")
        for key, time in zip(_COLUMNS[1:4], (reply.search, reply.first, reply.total), strict=True)
    ]
    # On a phone there is no head above the cells: each brings its name along.
    told = "".join(
        f"<td{attributes(data_label=say(key, tongue))}>{escape(value)}</td>"
        for key, value in (*cells, (_COLUMNS[4], tokens))
    )
    return f'<tr><th scope="row">{escape(model)}</th>{told}</tr>'


def _seconds(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.2f}" if milliseconds < 1000 else f"{milliseconds / 1000:.1f}"
