"""Charts as SVG text: the same pictures for the report page and the dataset card. Equal figures give equal bytes.

Drawn by matplotlib without its global state. Each is 400 units wide, so that its text stays readable on
a phone. Text stays text. A standalone chart has the light colours below; `inline` hands them to the page.
"""

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from io import StringIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS: Mapping[str, str] = {  # the page's variable -> the colour of a standalone chart
    "ink": "#1d2733",
    "muted": "#5c6877",
    "line": "#dde1e6",
    "accent": "#0f6f6a",
    "soft": "#9cc7c2",
    "kept": "#2b7f6e",
    "merged": "#6a8fb8",
    "dropped": "#d39142",
    "rejected": "#b64a3c",
}
FATES = ("kept", "merged", "dropped", "rejected")
_WIDTH = 400
_FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"
_STYLE = {
    "font.family": "DejaVu Sans",  # bundled with matplotlib, so every machine measures text alike
    "font.size": 12,
    "text.parse_math": False,  # a dollar in a name is a dollar
    "svg.fonttype": "none",
    "svg.hashsalt": "dataprep",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.edgecolor": COLOURS["line"],
    "axes.labelcolor": COLOURS["muted"],
    "axes.axisbelow": True,
    "text.color": COLOURS["ink"],
    "xtick.color": COLOURS["line"],
    "xtick.labelcolor": COLOURS["muted"],
    "ytick.color": COLOURS["line"],
    "ytick.labelcolor": COLOURS["ink"],
    "ytick.left": False,
    "grid.color": COLOURS["line"],
    "grid.linewidth": 1,
    "lines.solid_capstyle": "round",
}
Link = Callable[[str], str]  # a bar's name -> where a click on it leads


def fates(counts: Mapping[str, Mapping[str, int]]) -> str:
    """Share of each source's rows by how they ended.

    Args:
        counts: Source to terminal action to rows; sources with no row are drawn empty.
    """
    with _axes(64 + 26 * len(counts)) as (figure, axes):
        names = list(counts)
        left = [0.0] * len(names)
        for fate in FATES:
            shares = [100 * counts[name][fate] / (sum(counts[name].values()) or 1) for name in names]
            axes.barh(names, shares, left=left, height=0.62, color=COLOURS[fate], label=fate)
            left = [a + b for a, b in zip(left, shares, strict=True)]
        axes.set_xlim(0, 100)
        axes.xaxis.set_major_formatter("{x:.0f} %")
        axes.invert_yaxis()
        figure.legend(
            *axes.get_legend_handles_labels(),
            ncols=len(FATES),
            loc="outside upper left",
            frameon=False,
            handlelength=0.9,
            columnspacing=1.2,
        )
        return _svg(figure)


def bars(counts: Mapping[str, int], *, link: Link | None = None, colour: str = "accent") -> str:
    """One bar per name with its number at the end; each bar and name is a link where one is given."""
    with _axes(30 + 22 * len(counts)) as (figure, axes):
        names = list(counts)
        drawn = axes.barh(names, list(counts.values()), height=0.66, color=COLOURS[colour])
        axes.bar_label(drawn, fmt="{:,.0f}", padding=4, color=COLOURS["muted"])
        axes.invert_yaxis()
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlim(0, 1.16 * max([*counts.values(), 1]))
        axes.spines["bottom"].set_visible(False)
        axes.set_xticks([])
        if link:
            for name, bar, label in zip(names, drawn, axes.get_yticklabels(), strict=True):
                bar.set_url(link(name))
                label.set_url(link(name))
        return _svg(figure)


def shares(aimed: Mapping[str, float], reached: Mapping[str, float]) -> str:
    """Share of each split: a bar for what was reached, a mark for what was aimed at; both 0 to 1."""
    with _axes(72 + 30 * len(reached)) as (figure, axes):
        names = list(reached)
        axes.barh(names, [100 * reached[name] for name in names], height=0.56, color=COLOURS["soft"], label="reached")
        for i, name in enumerate(names):
            axes.plot([100 * aimed[name]] * 2, [i - 0.4, i + 0.4], color=COLOURS["accent"], linewidth=2.5, label="" if i else "aimed at")
            axes.annotate(
                f"{100 * reached[name]:.1f} %", (1.02, i), xycoords=axes.get_yaxis_transform(), va="center", color=COLOURS["muted"]
            )
        axes.set_xlim(0, 100)
        axes.xaxis.set_major_formatter("{x:.0f} %")
        axes.invert_yaxis()
        figure.legend(*axes.get_legend_handles_labels(), ncols=2, loc="outside upper left", frameon=False, handlelength=0.9)
        return _svg(figure)


def histogram(bins: Sequence[Mapping[str, int]], *, limit: int | None, unit: str) -> str:
    """Number of texts by length, with the length from which on texts are cut; a last wide bin is drawn as narrow as the others.

    Args:
        bins: `from`, `to` (both inside) and `n_texts`, in order.
        limit: Largest length that stays whole; drawn where it lies within the bins.
        unit: What the lengths count.
    """
    with _axes(190) as (figure, axes):
        width = bins[0]["to"] - bins[0]["from"] + 1
        start = bins[0]["from"]
        lefts = [start + i * width for i in range(len(bins))]
        heights = [bar["n_texts"] for bar in bins]
        has_tail = bins[-1]["to"] - bins[-1]["from"] + 1 > width
        axes.bar(
            lefts,
            heights,
            width=0.92 * width,
            align="edge",
            color=[COLOURS["soft"] if has_tail and i == len(bins) - 1 else COLOURS["accent"] for i in range(len(bins))],
        )
        axes.set_xlim(start, lefts[-1] + width)
        axes.grid(axis="y")
        axes.tick_params(axis="y", labelcolor=COLOURS["muted"])
        axes.locator_params(axis="y", nbins=4, integer=True)
        axes.locator_params(axis="x", nbins=8, integer=True)
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.set_xlabel(unit if not has_tail else f"{unit} (last bar: {bins[-1]['from']:,} to {bins[-1]['to']:,})")
        if limit is not None and start < limit <= lefts[-1] + width:
            axes.axvline(limit, color=COLOURS["rejected"], linewidth=1.8)
            is_left = limit < (start + lefts[-1]) / 2
            axes.annotate(
                f"cut at {limit:,}",
                (limit, 1),
                xycoords=("data", "axes fraction"),
                xytext=(5 if is_left else -5, -2),
                textcoords="offset points",
                ha="left" if is_left else "right",
                va="top",
                color=COLOURS["rejected"],
            )
        return _svg(figure)


def intervals(points: Sequence[tuple[str, str, float, float, float]], *, unit: str) -> str:
    """A dot with its interval per row.

    Args:
        points: Name, kind (the rows of one kind share a colour), value, low and high, from top to bottom.
        unit: What the values measure.
    """
    palette = dict(zip(dict.fromkeys(kind for _, kind, *_ in points), ("muted", "merged", "accent"), strict=False))
    with _axes(58 + 25 * len(points)) as (figure, axes):
        for i, (_, kind, value, low, high) in enumerate(points):
            colour = COLOURS[palette.get(kind, "accent")]
            axes.plot([low, high], [i, i], color=colour, linewidth=2.4, alpha=0.55)
            axes.plot([value], [i], "o", color=colour, markersize=7)
        axes.set_yticks(range(len(points)), [name for name, *_ in points])
        axes.set_ylim(len(points) - 0.5, -0.5)
        axes.grid(axis="x")
        axes.margins(x=0.06)
        axes.locator_params(axis="x", nbins=6)
        axes.set_xlabel(f"{unit}, 95 % interval")
        return _svg(figure)


def lines(series: Mapping[str, Sequence[tuple[float, float]]], *, x: str, y: str) -> str:
    """One line per name through its points, in the order given."""
    with _axes(220) as (figure, axes):
        for (name, points), colour in zip(series.items(), ("accent", "dropped", "merged", "rejected"), strict=False):
            marker = "o" if len(points) <= 12 else ""  # noqa: PLR2004 - few points are seen as points
            axes.plot(
                [a for a, _ in points], [b for _, b in points], color=COLOURS[colour], linewidth=2, marker=marker, markersize=4, label=name
            )
        axes.grid(axis="y")
        axes.tick_params(axis="y", labelcolor=COLOURS["muted"])
        axes.set_xlabel(x)
        axes.set_ylabel(y)
        axes.locator_params(nbins=6)
        if len(series) > 1:
            figure.legend(*axes.get_legend_handles_labels(), ncols=len(series), loc="outside upper left", frameon=False, handlelength=1.1)
        return _svg(figure)


def inline(svg: str, *, name: str, label: str) -> str:
    """A chart as part of a page: its colours follow the page's variables, its ids are its own, its size that of its place.

    Args:
        svg: A chart of this module.
        name: Unique on the page.
        label: What the chart shows, for those who do not see it.
    """
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>|<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(
        r'<svg[^>]*viewBox="([^"]*)"[^>]*>', rf'<svg class="chart" viewBox="\1" role="group" aria-label="{escape(label)}">', body, count=1
    )
    for variable, colour in COLOURS.items():
        body = body.replace(colour, f"var(--{variable})")
    body = re.sub(r'\bid="([^"]*)"', rf'id="{name}-\1"', body)
    body = re.sub(r"url\(#([^)]*)\)", rf"url(#{name}-\1)", body)
    body = re.sub(r'xlink:href="#(m[0-9a-f]{6,})"', rf'href="#{name}-\1"', body)
    body = body.replace("xlink:href", "href").replace(' target="_blank"', "")
    return re.sub(r"<a ([^>]*)>(\s*<path)", r'<a \1 tabindex="-1" aria-hidden="true">\2', body)  # its label is the link for the keyboard


@contextmanager
def _axes(height: float) -> Iterator[tuple["Figure", "Axes"]]:
    """A figure of the house style with one pair of axes, inside matplotlib's settings."""
    # late: matplotlib takes half a second to import. Its notes about font caches are none of the reader's business
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    settings: Any = {**mpl.rcParamsDefault, **_STYLE}
    with mpl.rc_context(settings):
        figure = Figure(figsize=(_WIDTH / 72, height / 72), layout="constrained", facecolor="none")
        axes = figure.add_subplot(facecolor="none")
        axes.tick_params(length=0)
        yield figure, axes


def _svg(figure: "Figure") -> str:
    """The figure's SVG without date, in pixels, and with the reader's own fonts in place of the one that served to measure."""
    written = StringIO()
    figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    pixels = re.sub(r'(width|height)="([\d.]+)pt"', r'\1="\2"', written.getvalue(), count=2)
    return pixels.replace("'DejaVu Sans'", _FONTS)
