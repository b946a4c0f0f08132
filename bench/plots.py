"""Curves as pictures."""

# pyright: reportUnknownMemberType=false
# matplotlib's own stubs leave keyword arguments open.

from collections.abc import Sequence
from pathlib import Path

from report import Curve

FOLDER = Path(__file__).with_name("plots")
SIZE_INCHES = (8, 5)
POINTS_SHOWN_MAX = 20
"""A line of few points shows each of them."""


def draw(curves: Sequence[Curve], folder: Path) -> list[Path]:
    """One SVG for each curve."""
    import matplotlib as mpl

    mpl.use("svg")
    # The same figures give the same file.
    mpl.rcParams |= {"font.size": 13, "svg.hashsalt": "cadre", "figure.autolayout": True}
    folder.mkdir(exist_ok=True)
    return [_draw(curve, folder / f"{curve.name}.svg") for curve in curves]


def _draw(curve: Curve, path: Path) -> Path:
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE_INCHES)
    axes = figure.add_subplot()
    for line in curve.lines:
        marker = "o" if len(line.x) <= POINTS_SHOWN_MAX else ""
        axes.plot(line.x, line.y, label=line.label, marker=marker, linewidth=2)
    if curve.log_x:
        axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel(curve.x)
    axes.set_ylabel(curve.y)
    axes.set_title(curve.title, fontsize=14)
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
    figure.savefig(path, metadata={"Date": None})
    return path
