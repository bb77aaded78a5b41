"""Figures 1 to 3 of Chapter 1, from run folders and as published: matplotlib Figures, and their files."""

from __future__ import annotations

import warnings

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from arttl.base.files import partial_path
from arttl.base.wording import shown
from arttl.published.chapter1 import APPROACH_TITLES, ARCHITECTURES, MISPRINTS, accuracies
from arttl.published.curves import epoch_curves
from arttl.reports.collect import study_order
from arttl.reports.pictures import data_uri

LINES = {"off-the-shelf": "-.", "fine-tuning": "--", "scratch": "-"}
"""Line styles of the approaches, as in the thesis."""

COLOURS = {"xception": "tab:blue", "inception_v3": "tab:green", "resnet50": "tab:red", "vgg19": "tab:purple"}
SCRATCH_COLOUR = "tab:orange"
OTHER_COLOUR = "tab:grey"
REFERENCE_MARKERS = {"off-the-shelf": "o", "fine-tuning": "s"}
SCRATCH_MARKERS = {"resnet50": "x", "xception": "+", "vgg19": "."}  # InceptionV3 has none, as in the thesis

CURVES = {"figure2": ("material",), "figure3": ("type", "artist")}
"""Challenges of the figures of validation accuracy, from left to right."""

BEHIND = {"linewidth": 0.9, "alpha": 0.5, "zorder": 1.5}
"""How published curves are drawn behind ours: thin and light, before the grid."""

SAMPLES = 7  # pictures of each collection in Figure 1
DPI = 150


def accuracy_curves(collected, challenges):
    """Figure 2 or 3: validation accuracy by epoch on the Rijksmuseum's collection, one panel a challenge.

    Arguments:
        collected: what collect_runs() returned.
        challenges: the panels' challenges.

    Returns a matplotlib Figure, or None if there is no run of these challenges; one without runs has no panel. Every
    seed has a line of its own.
    """
    runs = collected.runs[(collected.runs.experiment == "rijks") & collected.runs.challenge.isin(challenges)]
    challenges = [challenge for challenge in challenges if (runs.challenge == challenge).any()]
    if not challenges:
        return None
    figure, panels = _panels(challenges)
    for axes, challenge in zip(panels, challenges, strict=True):
        _draw_published(axes, challenge, behind=True)
        _draw_runs(axes, runs[runs.challenge == challenge])
        references = _draw_references(axes, challenge)
        others = _not_run(runs[runs.challenge == challenge]) if references else []
        _finish(axes, challenge, [*others, *references, *([published_entry()] if epoch_curves(challenge) else [])])
    return figure


def published_accuracy_curves(challenges):
    """Figure 2 or 3 as published, without any run: a matplotlib Figure, one panel a challenge."""
    figure, panels = _panels(challenges)
    for axes, challenge in zip(panels, challenges, strict=True):
        _draw_published(axes, challenge, behind=False)
        _finish(axes, challenge)
    return figure


def published_entry(of=""):
    """The legend's one entry for all published curves behind ours; `of` what, where that is not what is drawn."""
    label = f"published, of {of}" if of else "published"
    return Line2D([], [], color="black", linewidth=BEHIND["linewidth"], alpha=BEHIND["alpha"], label=label)


def sample_pictures(samples):
    """Figure 1: pictures of each collection, a row each.

    Arguments:
        samples: dict of a row's title to a list of (PIL.Image, label).

    Returns a matplotlib Figure, or None without pictures.
    """
    samples = {title: row for title, row in samples.items() if row}
    if not samples:
        return None
    widest = max(map(len, samples.values()))
    figure = new_figure(1.6 * widest, 2.1 * len(samples))
    for row, (title, pictures) in zip(
        figure.subfigures(len(samples), 1, squeeze=False).flat, samples.items(), strict=True
    ):
        row.suptitle(title, fontsize=10, parse_math=False)
        for axes, pair in zip(row.subplots(1, widest, squeeze=False).flat, [*pictures, *[None] * widest], strict=False):
            axes.set_axis_off()
            if pair is not None:
                axes.imshow(pair[0])
                axes.set_title(_short(shown(pair[1])), fontsize=8, parse_math=False)
    return figure


def save_figure(figure, folder, name):
    """Write a figure as PNG and PDF, each whole or not at all; returns the Paths."""
    paths = [folder / f"{name}.{suffix}" for suffix in ("png", "pdf")]
    for path in paths:
        with partial_path(path) as partial, warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # of scripts that no font here has
            figure.savefig(partial, dpi=DPI)
    return paths


def figure_about(figure, folder, name, title, caption, missing):
    """Write a figure's files, or remove those of a former report where there is none.

    Arguments:
        figure: a matplotlib Figure, or None.
        folder, name: where to.
        title, caption: of the figure.
        missing: what the page says in its place.

    Returns a dict for the page: title, caption, alt, picture (a data: address or None), missing, files.
    """
    about = {"title": title, "caption": caption, "alt": title, "picture": None, "files": [], "missing": missing}
    if figure is None:
        for suffix in ("png", "pdf"):
            (folder / f"{name}.{suffix}").unlink(missing_ok=True)
        return about
    files = save_figure(figure, folder, name)
    return about | {"files": files, "picture": data_uri(files[0].read_bytes(), "image/png")}


def _short(text, most=24):
    return text if len(text) <= most else text[: most - 1] + "…"


def new_figure(width, height):
    """A Figure without pyplot, whose global state no report should touch."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def plain_axes(axes):
    """Leave out the frame's upper and right side, and draw light lines across."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)


def _panels(challenges):
    figure = new_figure(7.5 * len(challenges) + 1, 4.8)
    return figure, figure.subplots(1, len(challenges), squeeze=False).flat


def _finish(axes, challenge, more=()):
    """Title, axes and legend of a panel; `more` are the legend's last entries."""
    axes.set_title(challenge)
    axes.set_xlabel("epoch")
    axes.set_ylabel("validation accuracy (%)")
    low, high = axes.get_ylim()
    axes.set_ylim(max(low, 0), min(high, 100))
    for axis in (axes.xaxis, axes.yaxis):
        axis.get_major_locator().set_params(integer=True)
    plain_axes(axes)
    handles, _ = axes.get_legend_handles_labels()
    axes.legend(handles=[*handles, *more], loc="center left", bbox_to_anchor=(1.03, 0.5), frameon=False)


def _draw_runs(axes, runs):
    labelled = set()
    for run in sorted(runs.itertuples(), key=_order):
        seeds = int(((runs.architecture == run.architecture) & (runs.approach == run.approach)).sum())
        label = _label(run.architecture, run.approach) + (f" ({seeds} seeds)" if seeds > 1 else "")
        axes.plot(
            run.history.epoch,
            100 * run.history.val_accuracy,
            **_style(run.architecture, run.approach),
            label=label if label not in labelled else f"_{label}",
            linewidth=1.6,
        )
        labelled.add(label)


def _draw_published(axes, challenge, behind):
    """The thesis' curves of a challenge: behind ours, or alone and each in the legend."""
    curves = sorted(epoch_curves(challenge), key=lambda each: _place(each.challenge, each.network, each.approach))
    for each in curves:
        label, style = _label(each.network, each.approach), _style(each.network, each.approach)
        if behind:
            axes.plot(each.epochs, each.percent, label=f"_published curve {label}", **style | {"marker": ""} | BEHIND)
        else:
            axes.plot(each.epochs, each.percent, label=label, **style, linewidth=1.6)


def _style(architecture, approach):
    """Line style and colour of the thesis; networks from scratch share a colour."""
    scratch = approach == "scratch"
    return {
        "linestyle": LINES.get(approach, ":"),
        "color": SCRATCH_COLOUR if scratch else COLOURS.get(architecture, OTHER_COLOUR),
        "marker": SCRATCH_MARKERS.get(architecture, "") if scratch else "",
    }


def _draw_references(axes, challenge):
    """Marks at the right edge for the published test accuracies; returns what the legend says of them."""
    drawn = {}
    for (published_for, architecture, approach, _), value in accuracies("rijks").items():
        if published_for == challenge and value not in MISPRINTS:
            axes.plot(
                [1.0],
                [float(value)],
                marker=REFERENCE_MARKERS[approach],
                markerfacecolor="none",
                color=COLOURS[architecture],
                linestyle="none",
                transform=axes.get_yaxis_transform(),
                clip_on=False,
                label=f"_published {architecture} {approach}",
            )
            drawn[approach] = Line2D(
                [],
                [],
                color="black",
                marker=REFERENCE_MARKERS[approach],
                markerfacecolor="none",
                linestyle="none",
                label=f"published test accuracy,\n{APPROACH_TITLES[approach]}",
            )
    return list(drawn.values())


def _not_run(runs):
    """The legend's lines for the colours of networks that only have published marks."""
    return [
        Line2D([], [], color=COLOURS[name], linestyle="none", marker="_", label=f"{title} (not run)")
        for name, title in ARCHITECTURES.items()
        if name not in set(runs.architecture[runs.approach != "scratch"])
    ]


def _label(architecture, approach):
    title = ARCHITECTURES.get(architecture, shown(architecture))
    if approach == "scratch":
        return "Scratch-V3" if architecture == "inception_v3" else f"Scratch-{title}"
    return f"{title}, {APPROACH_TITLES.get(approach, shown(approach))}"


def _order(run):
    return _place(run.challenge, run.architecture, run.approach, run.source), run.seed


def _place(challenge, architecture, approach, source=""):
    """What lines are sorted by: the order of the thesis, those from scratch last."""
    return approach == "scratch", study_order(challenge, architecture, approach, source)


def sample_rows(collected, pictures):
    """What sample_pictures draws: evenly spread images of each collection, named after it.

    Arguments:
        collected: what collect_runs() returned.
        pictures: the Pictures.
    """
    rows, shown_already = {}, set()
    for key, runs, _ in collected.cells():
        name, challenge = key["collection"], key["challenge"]
        labels = (
            None if name in shown_already else _labels(collected, runs, pictures.labelled(name, challenge), challenge)
        )
        if labels is None:
            continue
        shown_already.add(name)
        labels = labels.iloc[:: max(1, len(labels) // SAMPLES)].head(SAMPLES)
        found = [(pictures.picture(name, image_id), label) for image_id, label in labels.items()]
        rows[f"{shown(name)}, {shown(challenge)}"] = [pair for pair in found if pair[0] is not None]
    return rows


def _labels(collected, runs, collection, challenge):
    """Images' labels, of the run's own table, else of the collection: a Series by image_id; None without either."""
    images = next((table for table in map(collected.images, runs.itertuples()) if table is not None), None)
    if images is not None:
        return images.set_index("image_id").label
    return None if collection is None else collection.labels(challenge)
