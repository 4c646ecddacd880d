"""A report as one HTML page that stands alone: figures, plots, failures with their texts, what it was made from.

No script, nothing fetched. Every text from documents, users or models is escaped. Knows reports, no measures.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from eval.evidence.figures import shown
from eval.evidence.plots import bars, reliability

Report = Mapping[str, Any]
_SAID_ELSEWHERE = {"part", "quick", "seconds", "sample"}
STYLE = """
:root{color-scheme:light dark;--paper:#fbfaf7;--surface:#fff;--ink:#20262b;--quiet:#5b656d;--line:#d9dcd8;--bar:#2b6168;--lower:#9a5b2a;--mark:#a8322b}
@media(prefers-color-scheme:dark){:root{--paper:#14181b;--surface:#1d2327;--ink:#e8ebed;--quiet:#a9b3ba;--line:#3a444b;--bar:#6fb1ba;--lower:#d59a6a;--mark:#ff9c94}}
*{box-sizing:border-box}body{margin:0 auto;padding:1.5rem;max-width:62rem;background:var(--paper);color:var(--ink);
font:16px/1.6 system-ui,-apple-system,"Segoe UI","Noto Sans TC","Noto Sans CJK TC","PingFang TC","Microsoft JhengHei",sans-serif}
h1{font-size:1.7rem;margin:0 0 .3rem}h2{margin:2.2rem 0 .6rem;font-size:1.25rem}h3{margin:1.2rem 0 .3rem;font-size:1rem}
a{color:var(--bar)}p{margin:.4rem 0}.quiet,small{color:var(--quiet)}.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem}th,td{padding:.3rem .6rem;text-align:left;border-bottom:1px solid var(--line)}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.plot{width:100%;height:auto;margin:.6rem 0}
.wide .plot{min-width:36rem}.plot.small{max-width:18rem}.plot text{fill:var(--ink);font-size:12px}.plot .tick{fill:var(--quiet);font-size:11px}
.bar{fill:var(--bar);opacity:.55}.bar.lower{fill:var(--lower)}.whisker,.curve{stroke:var(--ink);stroke-width:1.6;fill:none}
.baseline{stroke:var(--mark);stroke-width:2.4}.grid,.frame{stroke:var(--line);fill:none}.point{fill:var(--bar)}
details{margin:.4rem 0;background:var(--surface);border:1px solid var(--line);border-radius:8px;padding:.5rem .8rem}
summary{cursor:pointer;font-weight:600}summary:focus-visible{outline:3px solid var(--bar)}
.failure{border-top:1px solid var(--line);padding:.6rem 0}.failure pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.3rem 0;font:inherit;font-size:.92rem}
.bad{color:var(--mark);font-weight:600}code{font-size:.86em;overflow-wrap:anywhere}
"""


def page(report: Report) -> str:
    """The whole page."""
    made = report["provenance"]
    sampled = any(found["limit"] for found in report["measures"].values())
    kind = "quick" if report["quick"] else "sample" if sampled else "full"
    title = f"Interview tutor: evidence ({kind}, {report['part']} part)"
    body = "".join(_body(report))
    model = made["model"]["name"] or "no model"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main><h1>{escape(title)}</h1>"
        f'<p class="quiet">{escape(report["made"])} · {escape(model)} · {escape(made["corpus"]["name"])} · '
        f"{report['seconds'] / 60:.1f} minutes · {escape(made['machine']['processor'] or made['machine']['architecture'])}"
        f", {made['machine']['threads']} threads</p>{body}</main></body></html>\n"
    )


def _body(report: Report) -> Iterator[str]:
    yield "<h2>At a glance</h2>"
    yield (
        "<p>Bars are values, the thin line is the 95 % interval (bootstrap over rows, or over the questions that they are about), the red mark is the baseline: "
        "the usual recipe for retrieval and for waiting, a grader that always says the mean for grading. Of brown bars, less is better.</p>"
    )
    yield _glance(report["measures"])
    for name, found in report["measures"].items():
        yield "".join(_measure(name, found))
    yield "<h2>What this was made from</h2>"
    made = json.dumps(report["provenance"], ensure_ascii=False, indent=2)
    yield f"<details><summary>Versions, machine, hashes</summary><pre><code>{escape(made)}</code></pre></details>"


def _glance(measures: Mapping[str, Report]) -> str:
    """One row for each measure: its first figure, what stands beside it, and how many rows fail."""
    rows = []
    for name, found in measures.items():
        link = f'<a href="#{escape(name)}">{escape(found["title"])}</a>'
        if found.get("error"):
            rows.append(
                f'<tr><td>{link}</td><td class="bad" colspan="5">not measured: {escape(found["error"])}</td></tr>'
            )
            continue
        by_id = {f["id"]: f for f in found["figures"]}
        first = next((f for f in found["figures"] if f["headline"]), None)
        cells = '<td></td><td class="n"></td><td class="n"></td><td class="n"></td>'
        if first is not None:
            beside = shown(by_id[first["baseline"]]["value"]) if first["baseline"] in by_id else ""
            cells = (
                f'<td>{escape(_labelled(first))}</td><td class="n">{shown(first["value"])}</td>'
                f'<td class="n">{shown(first["low"])} to {shown(first["high"])}</td><td class="n">{beside}</td>'
            )
        rows.append(f'<tr><td>{link}</td>{cells}<td class="n">{len(found["failures"])}</td></tr>')
    return (
        '<div class="wide"><table><thead><tr><th></th><th>first figure</th><th class="n">value</th><th class="n">95 % interval</th>'
        f'<th class="n">baseline</th><th class="n">failures</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )


def _rows_of(found: Report) -> str:
    if "sample" in found.get("report", {}):
        return str(found["report"]["sample"])
    if not found["limit"]:
        return "all rows"
    return f"about {found['limit']} rows of each set" if found.get("gold") else "the short form"


def _measure(name: str, found: Report) -> Iterator[str]:
    yield f'<h2 id="{escape(name)}">{escape(found["title"])}</h2>'
    yield f'<p class="quiet">{_rows_of(found)}, {found["seconds"]:.0f} s</p>'
    if found.get("error"):
        yield f'<p class="bad">Not measured: {escape(found["error"])}</p>'
        return
    if found.get("note"):
        yield f'<p class="bad">{escape(found["note"])}</p>'
    figures = found["figures"]
    by_id = {f["id"]: f for f in figures}
    headlines = [f for f in figures if f["headline"]]
    baselines = {f["id"]: by_id[f["baseline"]] for f in headlines if f["baseline"] in by_id}
    drawn = [
        f for f in headlines if f["better"] in {"higher", "lower"} and not f.get("unit") and not math.isnan(f["value"])
    ]
    if drawn:
        yield f'<div class="wide">{bars(drawn, baselines, found["title"])}</div>'
    times = [f for f in headlines if f.get("unit") == "ms" and not math.isnan(f["value"])]
    if times:
        ends = [x for f in times for x in (f["high"], baselines.get(f["id"], f)["value"]) if not math.isnan(x)]
        yield f'<div class="wide">{bars(times, baselines, found["title"] + ", milliseconds", top=_round_up(max(ends)))}</div>'
    bins = found["report"].get("confidence", {}).get("reliability") if name == "retrieval" else None
    if bins:
        yield reliability(bins, "Confidence against the share that is answerable")
    if headlines:
        yield _table(headlines, baselines)
    yield "".join(_plain(found["report"]))
    details = [f for f in figures if not f["headline"]]
    if details:
        yield f"<details><summary>Figures in detail ({len(details)})</summary>{_table(details, {})}</details>"
    yield "".join(_failures(found["failures"]))


def _round_up(value: float) -> float:
    """The next 1, 2 or 5 of a power of ten: where an axis ends."""
    power = 10.0 ** math.floor(math.log10(max(value, 1.0)))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)


def _table(figures: Sequence[Report], baselines: Mapping[str, Report]) -> str:
    rows = []
    for f in figures:
        beside = f'<td class="n">{shown(baselines[f["id"]]["value"])}</td>' if f["id"] in baselines else "<td></td>"
        rows.append(
            f'<tr><td>{escape(_labelled(f))}</td><td class="n">{shown(f["value"])}</td>'
            f'<td class="n">{shown(f["low"])} to {shown(f["high"])}</td><td class="n">{f["n"]}</td>{beside if baselines else ""}</tr>'
        )
    head = '<th class="n">baseline</th>' if baselines else ""
    return (
        '<div class="wide"><table><thead><tr><th>measure</th><th class="n">value</th><th class="n">95 % interval</th>'
        f'<th class="n">rows</th>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )


def _labelled(figure: Report) -> str:
    return f"{figure['label']}, {figure['unit']}" if figure.get("unit") else str(figure["label"])


def _plain(report: Report) -> Iterator[str]:
    """What a measure says besides figures: counts, times, and why a baseline is missing."""
    said: dict[str, Any] = {}
    for key, value in report.items():
        flat = isinstance(value, dict) and value and all(isinstance(x, int | float) for x in value.values())
        if key == "bars":
            continue
        if (isinstance(value, int | float | str) and key not in _SAID_ELSEWHERE) or (flat and "low" not in value):
            said[key] = value
    if said:
        items = "; ".join(f"{k.replace('_', ' ')}: {_words(v)}" for k, v in said.items())
        yield f"<p><small>{escape(items)}</small></p>"


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {v:g}" for k, v in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)


def _failures(failures: Sequence[Report]) -> Iterator[str]:
    if not failures:
        yield "<p>No failures.</p>"
        return
    kinds: dict[str, list[Report]] = {}
    for failure in failures:
        kinds.setdefault(failure["kind"], []).append(failure)
    yield f"<h3>{len(failures)} failures, one by one</h3>"
    for kind, some in kinds.items():
        rows = "".join(_failure(f) for f in some)
        yield f"<details><summary>{escape(kind.replace('_', ' '))} ({len(some)})</summary>{rows}</details>"


def _failure(failure: Report) -> str:
    answer = (
        f"<details><summary>the reply</summary><pre>{escape(failure['answer'])}</pre></details>"
        if failure.get("answer")
        else ""
    )
    return (
        f'<div class="failure"><small>{escape(failure["id"])}</small><pre>{escape(failure["text"])}</pre>'
        f'<p class="bad">{escape(failure["why"])}</p>{answer}</div>'
    )
