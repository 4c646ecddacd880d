"""The words of the page by part of it: key -> (Traditional Chinese, English). Simplified Chinese is made from the first."""

from tutor.web.words import admin, ask, frame, library, practise, progress, status

Texts = dict[str, tuple[str, str]]
PARTS: dict[str, Texts] = {
    "frame": frame.TEXTS,
    "ask": ask.TEXTS,
    "practise": practise.TEXTS,
    "progress": progress.TEXTS,
    "library": library.TEXTS,
    "status": status.TEXTS,
    "admin": admin.TEXTS,
}
