"""The status line: which document, which model, how far each is, and why. Knows states, no components."""

from __future__ import annotations

from html import escape

from tutor.web.backstage import Backstage, IndexState
from tutor.web.mishaps import sentence
from tutor.web.status.reasons import reason
from tutor.web.strings import Tongue, say

_LIGHTS = {"ready": "on", "failed": "bad", "none": "off", "stopped": "bad"}


def status_html(stage: Backstage, tongue: Tongue) -> str:
    """Both states in one line; reasons below it as long as not all is well."""
    index, model = stage.index, stage.model
    rows = [
        _row(say("index", tongue), stage.settings.corpus, index.phase, index_words(index, tongue)),
        _row(say("model", tongue), model.name, model.phase, say(f"model-{model.phase}", tongue)),
    ]
    # While it is being built, its row says all there is to say.
    reasons = [
        _reason(say("index", tongue), "" if index.total else reason(index.reason, tongue), sentence(index.mend, tongue))
    ]
    # The reason of a model that is being fetched holds the megabytes: it belongs in sight.
    if model.phase not in {"ready", "none"}:
        reasons.append(_reason(say("model", tongue), reason(model.reason, tongue), ""))
    details = "".join(r for r in reasons if r)
    why = f'<div class="status-why">{details}</div>' if details else ""
    link = f'<a href="#status">{escape(say("details", tongue))}</a>'
    return f'<div class="status" role="status">{"".join(rows)}{link}{why}</div>'


def index_words(index: IndexState, tongue: Tongue) -> str:
    """The state of the corpus in words, with the share that is done while it is being built."""
    words = say(f"index-{index.phase}", tongue)
    if index.phase == "building" and index.total:
        words += f" {index.done}/{index.total}"
    return words


def _row(label: str, name: str, phase: str, words: str) -> str:
    light = _LIGHTS.get(phase, "busy")
    name_html = f'<b title="{escape(name)}">{escape(name)}</b> ' if name else ""
    return (
        f'<span class="status-part" data-phase="{escape(phase)}">'
        f'<span class="light {light}" aria-hidden="true"></span>'
        f"<span>{escape(label)}　{name_html}{escape(words)}</span></span>"
    )


def _reason(label: str, reason: str, mend: str) -> str:
    if not reason:
        return ""
    mend_html = f" <code>{escape(mend)}</code>" if mend else ""
    return f"<p><b>{escape(label)}</b>　{escape(reason)}{mend_html}</p>"
