"""Two reports: what changed beyond noise, and whether anything got worse.

Headline figures are compared by their intervals; failures, where both reports were made from the same rows, by a sign
test on the rows that changed sides (McNemar 1947, exact): it sees far smaller changes than two intervals do. Details of
many groups are not judged: among a hundred of them, five move by chance. Knows reports, no measures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from eval.evidence.figures import shown, standard_error

Verdict = Literal["better", "worse", "same", "not comparable"]
Report = Mapping[str, Any]
# Two-sided, 95 %.
Z = 1.96
ALPHA = 0.05


@dataclass(frozen=True)
class Change:
    """One figure, or the failures of one measure, before and after.

    Args:
        noise: a smaller difference says nothing.
    """

    id: str
    label: str
    before: float
    after: float
    noise: float
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True)
class Comparison:
    """What changed. `notes` says what could not be compared, and why."""

    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()
    broken: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mended: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def regressions(self) -> tuple[Change, ...]:
        """What got worse beyond noise."""
        return tuple(c for c in self.changes if c.verdict == "worse")


def compare(before: Report, after: Report) -> Comparison:
    """Compare two reports of `python -m eval all`, the older one first."""
    changes: list[Change] = []
    notes: list[str] = []
    broken: dict[str, tuple[str, ...]] = {}
    mended: dict[str, tuple[str, ...]] = {}
    for name, old in before["measures"].items():
        new = after["measures"].get(name)
        reason = _incomparable(old, new, before["part"], after["part"])
        if reason:
            notes.append(f"{name}: {reason}")
            if new is not None and new.get("error") and not old.get("error"):
                changes.append(Change(name, "measured at all", 1, 0, 0, "worse", new["error"]))
            continue
        known = {f["id"]: f for f in new["figures"]}
        same_machine = before["provenance"]["machine"] == after["provenance"]["machine"]
        for figure in old["figures"]:
            if figure.get("unit") and not same_machine:
                continue
            if figure["headline"] and figure["better"]:
                if figure["id"] in known:
                    changes.append(_figure(figure, known[figure["id"]]))
                else:
                    notes.append(f"{name}: {figure['label']}: only in the older report")
        changes += _bars(name, old["report"], new["report"])
        change, newly, gone = _failures(name, old["failures"], new["failures"])
        changes.append(change)
        broken[name], mended[name] = newly, gone
    notes += [f"{name}: only in the newer report" for name in after["measures"] if name not in before["measures"]]
    notes += _differences(before["provenance"], after["provenance"])
    return Comparison(tuple(changes), tuple(notes), broken, mended)


def _incomparable(old: Report, new: Report | None, part: str, other: str) -> str:
    if new is None:
        return "only in the older report"
    if old.get("error") or new.get("error"):
        return f"not measured in the {'older' if old.get('error') else 'newer'} report"
    if part != other:
        return f"measured on different parts ({part}, {other})"
    same = old["gold"] == new["gold"] and (bool(old["gold"]) or old["limit"] == new["limit"])
    return "" if same else "measured on different rows"


def _figure(old: Report, new: Report) -> Change:
    before, after = float(old["value"]), float(new["value"])
    better = old["better"]
    if math.isnan(before) or math.isnan(after):
        return Change(old["id"], old["label"], before, after, math.nan, "not comparable", "there were no rows")
    noise = Z * math.hypot(standard_error(old), standard_error(new))
    gain = {"higher": after - before, "lower": before - after, "zero": abs(before) - abs(after)}[better]
    verdict: Verdict = "same" if abs(gain) <= noise or abs(gain) < 1e-9 else "better" if gain > 0 else "worse"
    return Change(old["id"], old["label"], before, after, noise, verdict)


def _bars(name: str, old: Report, new: Report) -> list[Change]:
    """Counts that a measure holds below a bar: more of them, and above it, is worse, be it one."""
    bars = new.get("bars") or {}
    found = []
    for key, bar in bars.items() if isinstance(bars, Mapping) else ():
        before, after = old.get(key), new.get(key)
        if isinstance(before, int) and isinstance(after, int):
            verdict: Verdict = "worse" if after > max(before, bar) else "better" if after < before else "same"
            found.append(Change(f"{name}.{key}", f"{name}: {key.replace('_', ' ')}", before, after, math.nan, verdict))
    return found


def _failures(
    name: str, old: Sequence[Report], new: Sequence[Report]
) -> tuple[Change, tuple[str, ...], tuple[str, ...]]:
    """The rows that changed sides, each once, in however many ways it fails; failures of both reports are no news."""
    before, after = {_row(f) for f in old}, {_row(f) for f in new}
    newly, gone = after - before, before - after
    chance = sign_test(len(newly), len(gone))
    verdict: Verdict = "same"
    if chance < ALPHA:
        verdict = "worse" if len(newly) > len(gone) else "better"
    reason = f"{len(newly)} new, {len(gone)} gone, p = {chance:.3f}"
    return (
        Change(f"{name}.failures", f"{name}: rows that fail", len(before), len(after), math.nan, verdict, reason),
        tuple(sorted({f["id"] for f in new if _row(f) in newly})),
        tuple(sorted({f["id"] for f in old if _row(f) in gone})),
    )


def _row(failure: Report) -> str:
    """The row that fails: the id of a failure has its kind in front."""
    return str(failure["id"]).rpartition("/")[2]


def sign_test(newly: int, gone: int) -> float:
    """Two-sided probability of so uneven a split, were both sides as likely."""
    total = newly + gone
    if total == 0:
        return 1.0
    tail = sum(math.comb(total, k) for k in range(min(newly, gone) + 1)) / (1 << total)
    return min(1.0, 2 * tail)


def _differences(old: Report, new: Report) -> list[str]:
    """Whatever else is different: then a change need not come from the code."""
    found = []
    for key in ("model", "corpus", "embedders", "prompts_sha256", "machine", "python", "packages"):
        if old.get(key) != new.get(key):
            found.append(f"different {key.removesuffix('_sha256')}: the change may come from it")
    return found


def lines(comparison: Comparison) -> list[str]:
    """The comparison for a terminal: what moved, then what did not, then notes."""
    order = {"worse": 0, "better": 1, "not comparable": 2, "same": 3}
    found = []
    for c in sorted(comparison.changes, key=lambda c: order[c.verdict]):
        noise = "" if math.isnan(c.noise) else f"  noise {shown(c.noise)}"
        values = f"{c.before:g} -> {c.after:g}" if math.isnan(c.noise) else f"{shown(c.before)} -> {shown(c.after)}"
        found.append(f"{c.verdict:14} {c.label:52} {values}{noise}{'  ' + c.reason if c.reason else ''}")
    for word, rows in (("newly failing", comparison.broken), ("mended", comparison.mended)):
        found += [f"{word}: {name} {', '.join(ids)}" for name, ids in rows.items() if ids]
    return [*found, *comparison.notes]
