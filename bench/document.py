"""Writes docs/performance.md's tables and plot from `bench/results/`: `python -m bench.document`."""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

from tests.processes import ROOT

from .harness import RESULTS, Target

mpl.use("svg")
from matplotlib import pyplot as plt

PAGE = ROOT / "docs/performance.md"
PLOT = ROOT / "docs/images/pages.svg"
# What one core does in a second: the benchmark and its case that say so, each measured over all cores of the machine,
# the load's own share and the database's included. The desk's is one page after the other: a time, not a rate.
CAPACITY = (
    ("public pages, from nginx's cache", "pages", "the site, br"),
    ("sign-ups", "signup", "sign-up, 8 clients, 10,000 leads"),
    ("messages", "delivery", "2 at work"),
    ("pages of the list of leads, among a million", "desk", "first page @1000000"),
)


def main() -> int:
    results = {path.stem: json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))}
    parts = [table(name, result) for name, result in results.items() if "targets" in result]
    if "drills" in results:
        parts.append(drills(results["drills"]))
    text = between(PAGE.read_text(), "figures", "\n".join(parts))
    PAGE.write_text(between(text, "capacity", capacity(results)))
    if "pages" in results:
        plot(results["pages"]["figures"], PLOT)
    return 0


def between(text: str, mark: str, new: str) -> str:
    """`text` with `new` between the two comments that say `mark`."""
    begin, end = f"<!-- {mark}: begin -->", f"<!-- {mark}: end -->"
    before, _, rest = text.partition(begin)
    return f"{before}{begin}\n\n{new}\n{end}{rest.partition(end)[2]}"


def capacity(results: dict[str, Any]) -> str:
    """What an operator may expect of each core, as Markdown."""
    lines = ["| One core, in a second | |", "| --- | ---: |"]
    for what, name, case in CAPACITY:
        if case in (result := results.get(name, {"figures": {}}))["figures"]:
            figure = result["figures"][case]
            each = 1000 / figure if result["unit"] == "ms" else figure / result["machine"]["cores"]
            lines.append(f"| {what} | {number(each)} |")
    return "\n".join([*lines, ""])


def table(name: str, result: dict[str, Any]) -> str:
    """One benchmark's targets and figures as Markdown."""
    lines = [f"### `python -m bench.{name}`", "", "| Target | Figure | Bound | |", "| --- | ---: | ---: | --- |"]
    for kept in result["targets"]:
        met = kept.pop("met")
        target = Target(**kept)
        sign = "≤" if target.at_most else "≥"
        verdict = "met" if met else "**missed**"
        lines.append(f"| {target.name} | {target.figure:.3g} {target.unit} | {sign} {target.bound:g} | {verdict} |")
    lines += ["", f"| Measured | {result['unit']} |", "| --- | ---: |"]
    lines += [f"| {case} | {number(figure)} |" for case, figure in result["figures"].items()]
    return "\n".join([*lines, ""])


def drills(outcomes: list[dict[str, Any]]) -> str:
    lines = [
        "### `make drill`",
        "",
        "| Drill | Sign-ups kept | Bookings kept | Overlaps | Messages sent | Twice (allowed) | Longest silence | |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for one in (one for one in outcomes if "kept_once" in one):
        lines.append(
            f"| {one['drill']} | {one['kept_once']}/{one['acknowledged']} | {one['booked_once']}/{one['booked']} "
            f"| {one['overlaps']} | {one['sent']}/{one['messages']} | {one['repeats']} ({one['repeats_allowed']}) "
            f"| {one['silence']:.1f} s | {verdict(one)} |"
        )
    lines += ["", "| Drill | Counted | Wanted | |", "| --- | ---: | ---: | --- |"]
    for one in (one for one in outcomes if "targets" in one):
        for kept in one["targets"]:
            target = Target(**kept)
            sign = "≤" if target.at_most else "≥"
            line = f"| {one['drill']}: {target.name} | {target.figure:.3g} {target.unit} | {sign} {target.bound:g} "
            lines.append(f"{line}| {'met' if target.met else '**missed**'} |")
    lines += ["", *(f"{one['drill']}: {verdict(one)}, {one['why']}" for one in outcomes if "why" in one)]
    return "\n".join([*lines, ""])


def verdict(drill: dict[str, Any]) -> str:
    return "skipped" if drill.get("skipped") else "pass" if drill["passed"] else "**fail**"


def number(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"


def plot(figures: dict[str, float], path: Path) -> None:
    """Requests a second as bars on a logarithmic scale, slowest first."""
    rows = sorted(figures.items(), key=lambda item: item[1])
    plt.rcParams |= {"svg.hashsalt": "clinic", "font.family": "sans-serif", "svg.fonttype": "none"}
    figure, axes = plt.subplots(figsize=(8, 0.45 * len(rows) + 1))
    colors = ["#0d4a4f" if name.startswith("the site") else "#a9cbc1" for name, _ in rows]
    bars = axes.barh([name for name, _ in rows], [value for _, value in rows], color=colors)
    axes.bar_label(bars, [number(value) for _, value in rows], padding=4)
    axes.set_xscale("log")
    axes.set_xlabel("requests a second (logarithmic)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.15)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    sys.exit(main())
