"""How the page looks and moves: Gradio's theme in our colours, our style sheets and scripts. System fonts only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

_HERE = Path(__file__).parent
STYLES = ("frame.css", "ask.css", "tabs.css", "practise.css")
SCRIPTS = ("connection.js", "pane.js", "frame.js", "ask.js", "practise.js")
FONT = (
    "system-ui", "-apple-system", "Segoe UI", "Noto Sans TC", "Noto Sans CJK TC", "PingFang TC",
    "Microsoft JhengHei", "WenQuanYi Zen Hei", "sans-serif",
)  # fmt: skip
MONO = (
    "ui-monospace",
    "SFMono-Regular",
    "Cascadia Mono",
    "Consolas",
    "DejaVu Sans Mono",
    "Noto Sans Mono CJK TC",
    "monospace",
)
_ICON = (
    "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'>"
    "<rect width='32' height='32' rx='8' fill='%232b6168'/>"
    "<path d='M8 9h16v11H15l-5 4v-4H8z' fill='none' stroke='white' stroke-width='2' stroke-linejoin='round'/>"
    "<path d='M12 13h8M12 16.5h5' stroke='white' stroke-width='2' stroke-linecap='round'/></svg>"
)

# Light, dark. Text on its background keeps a contrast of at least 4.5 in both.
PAPER = ("#f6f5f1", "#15181b")
SURFACE = ("#ffffff", "#1c2024")
INK = ("#20262b", "#e7e5e0")
QUIET = ("#5a636b", "#a2a9ae")
LINE = ("#dedad1", "#32383d")
ACCENT = ("#2b6168", "#86c0c0")
ACCENT_STRONG = ("#1f4a50", "#a6d4d3")
ON_ACCENT = ("#ffffff", "#10191b")


def theme() -> Any:
    """Gradio's plainest theme with our colours. Fonts are given as names: nothing is loaded for them."""
    pairs = {
        "body_background_fill": PAPER,
        "body_text_color": INK,
        "body_text_color_subdued": QUIET,
        "background_fill_primary": SURFACE,
        "background_fill_secondary": PAPER,
        "block_background_fill": SURFACE,
        "block_border_color": LINE,
        "block_label_text_color": QUIET,
        "block_label_background_fill": SURFACE,
        "border_color_primary": LINE,
        "border_color_accent": ACCENT,
        "color_accent_soft": ("#e4eeee", "#22363a"),
        "input_background_fill": SURFACE,
        "input_border_color": LINE,
        "input_border_color_focus": ACCENT,
        "input_placeholder_color": QUIET,
        "button_primary_background_fill": ACCENT,
        "button_primary_background_fill_hover": ACCENT_STRONG,
        "button_primary_text_color": ON_ACCENT,
        "button_secondary_background_fill": SURFACE,
        "button_secondary_background_fill_hover": PAPER,
        "button_secondary_border_color": LINE,
        "button_secondary_text_color": INK,
        "link_text_color": ACCENT,
        "panel_background_fill": PAPER,
        "checkbox_label_background_fill": ("transparent", "transparent"),
    }
    values = {}
    for name, (light, dark) in pairs.items():
        values[name], values[f"{name}_dark"] = light, dark
    return gr.themes.Base(font=list(FONT), font_mono=list(MONO), radius_size="md", text_size="md").set(**values)


def css() -> str:
    """Our style sheet, with the colours of the theme as variables."""
    names = {
        "paper": PAPER, "surface": SURFACE, "ink": INK, "quiet": QUIET, "line": LINE,
        "accent": ACCENT, "accent-strong": ACCENT_STRONG, "on-accent": ON_ACCENT,
    }  # fmt: skip
    light = "".join(f"--{name}:{pair[0]};" for name, pair in names.items())
    dark = "".join(f"--{name}:{pair[1]};" for name, pair in names.items())
    sheets = "\n".join((_HERE / name).read_text(encoding="utf-8") for name in STYLES)
    return f":root{{{light}}}\n.dark{{{dark}}}\n{sheets}"


def _waiting() -> str:
    """Before anything is there: paper, a bar and the sheets where the page will stand, gone with its first words."""

    def drawn(columns: Sequence[tuple[str, str]], top: str) -> str:
        bar = "linear-gradient(var(--bar) 0 0) 1.25rem 1.2rem/8rem 1.3rem no-repeat"
        sheets = (
            f"linear-gradient(var(--sheet) 0 0) {x} {top}/{width} calc(100vh - 1rem - {top}) no-repeat"
            for x, width in columns
        )
        return f"background:{', '.join([bar, *sheets])}, var(--ground)"

    wide = drawn(
        (("1.25rem", "15vw"), ("calc(15vw + 2.5rem)", "48vw"), ("calc(63vw + 3.75rem)", "calc(37vw - 5rem)")), "5.6rem"
    )
    narrow = drawn((("1.25rem", "calc(100vw - 2.5rem)"),), "11rem")
    hidden = "html:not([data-worded]) body::before"
    light, dark = (f"--bar:{LINE[scheme]};--sheet:{SURFACE[scheme]};--ground:{PAPER[scheme]};" for scheme in (0, 1))
    return (
        f'<style>{hidden}{{content:"";position:fixed;inset:0;z-index:2000;pointer-events:none;{light}{wide};'
        f"animation:waited 0s 3s forwards}}@media(max-width:60rem){{{hidden}{{{narrow}}}}}"
        f"@media(prefers-color-scheme:dark){{{hidden}{{{dark}}}}}@keyframes waited{{to{{visibility:hidden}}}}</style>"
    )


def head() -> str:
    """What goes into the page's head: icon, what is seen at once, and scripts."""
    scripts = "\n".join((_HERE / name).read_text(encoding="utf-8") for name in SCRIPTS)
    return f'<link rel="icon" href="{_ICON}">\n{_waiting()}\n<script>\n{scripts}</script>'
