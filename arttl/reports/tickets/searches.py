"""The searches for tickets: a table, and two plots of each."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import LogNorm
from matplotlib.ticker import NullFormatter

from arttl.base.names import distinct_names, safe_name
from arttl.base.wording import duration_text, shown, shown_path
from arttl.reports.figures import new_figure, plain_axes
from arttl.reports.table import Cell, Table, number
from arttl.reports.tickets.naming import network_title, order, source_title
from arttl.runs.results import best_rounds

DEAD = "dead"  # as arttl.pruning.liveness has it, which a report need not wait for
COMPLETE, UNFINISHED = "complete", "unfinished"
LAYERS_NAMED = 60  # on the axis of a heat map; of more only some have room
_CHOICES = {"": "test", "validation_": "validation"}
_DATA = ["folder", "source", "network", "fraction", "seed", "state", "rounds", "unpruned_test_accuracy"]
_DATA += [f"{prefix}{name}" for prefix in _CHOICES for name in ("round", "test_accuracy", "val_accuracy", "sparsity")]
_DATA += ["features_lost_from", "epochs", "seconds", "deviations"]


def in_order(searches):
    """Rows of Tickets.searches in the order of the thesis: those of Figure 5 last."""
    return sorted(
        searches.to_dict("records"),
        key=lambda row: (row["lth"], order("", row["network"], row["source"]), -row["fraction"], row["seed"]),
    )


def searches_table(searches):
    """Every search: a Table.

    Arguments:
        searches: Tickets.searches.
    """
    data = [_line(search) for search in in_order(searches)]
    columns = [("", name) for name in ("search", "source", "network", "part of the images", "seed", "state", "tickets")]
    columns.append(("unpruned", "test"))
    for title in _CHOICES.values():
        columns += [(f"best by {title}", name) for name in ("round", "test", "validation", "pruned")]
    columns += [("", name) for name in ("features lost from round", "epochs", "time", "deviations")]
    notes = [
        "Accuracies in %, of the source's own images. Best by test accuracy, as in the thesis, and by validation "
        "accuracy (ties: the lower loss); the unpruned network, round 0, does not compete. Unfinished searches are "
        "shown with the rounds that are done; resumed, they go on.",
        "Features are lost when the network answers alike whatever the image, even with the batch's own statistics; a "
        "search ends there unless told to go on.",
    ]
    title = "Searches for tickets"
    frame = pd.DataFrame(data, columns=_DATA).assign(deviations=["; ".join(line["deviations"]) for line in data])
    return Table("searches", title, columns, [_row(line) for line in data], notes=notes, data=frame, empty="No search.")


def search_figures(searches):
    """The plots of every search, each drawn when it is asked for.

    Arguments:
        searches: Tickets.searches.

    Returns a list of a file's stem, the search's row as a dict, and a function that gives its matplotlib Figure.
    """
    rows = in_order(searches)
    names = distinct_names({row["folder"]: (safe_name(row["folder"].replace("/", " ")), "") for row in rows})
    return [(names[row["folder"]].replace(" ", "-"), row, lambda row=row: search_figure(row)) for row in rows]


def search_title(row):
    """A search in words: "Fashion-MNIST, ResNet50, seed 42 (unfinished)"."""
    part = "" if row["fraction"] == 1.0 else f", {row['fraction']:.0%} of the images"
    unfinished = "" if row["complete"] else f" ({UNFINISHED})"
    return f"{source_title_of_search(row)}, {network_title(row['network'])}{part}, seed {row['seed']}{unfinished}"


def source_title_of_search(row):
    """What a search's images are: a natural source, or a target."""
    return source_title(row["source"]).removeprefix("ticket of ")


def search_figure(row):
    """A search's accuracies and sparsity by round, and beside it how much of every layer remains.

    Arguments:
        row: of Tickets.searches, a dict.

    Returns a matplotlib Figure.
    """
    layers = row["layers"]
    widths = [1] if layers.empty else [1, 1.15]  # no axes for layers of which nothing is known
    named = min(LAYERS_NAMED, layers.layer.nunique())
    figure = new_figure(6 * len(widths) + 1, max(4.2, 0.13 * named + 1.5))
    panels = figure.subplots(1, len(widths), squeeze=False, width_ratios=widths)[0]
    figure.suptitle(search_title(row), fontsize=10, parse_math=False)
    _draw_rounds(panels[0], row["rounds"])
    if len(widths) > 1:
        _draw_layers(figure, panels[1], layers)
    return figure


def layers_remaining(layers):
    """The share of each layer's weights that remains in each round: a DataFrame, a row a layer, in the file's order.

    Arguments:
        layers: layers.csv as a DataFrame.

    Columns are all rounds from the first to the last; NaN where the file has no row.
    """
    share = layers.remaining / layers.weights.where(layers.weights > 0)
    table = layers.assign(share=share).pivot(index="layer", columns="round", values="share")
    rounds = range(int(table.columns.min()), int(table.columns.max()) + 1)
    return table.reindex(index=layers.layer.unique(), columns=rounds)


def _draw_rounds(axes, rounds):
    axes.plot(rounds["round"], 100 * rounds.test_accuracy, "-o", color="tab:blue", markersize=3, label="test")
    axes.plot(rounds["round"], 100 * rounds.val_accuracy, "--s", color="tab:cyan", markersize=3, label="validation")
    axes.plot(rounds["round"], 100 * rounds.sparsity, ":", color="tab:grey", label="weights pruned")
    lost = lost_from(rounds)
    if lost is not None:
        axes.axvline(lost, color="tab:red", linestyle=":", label="features lost")
    axes.set_xlabel("round")
    axes.set_ylabel("accuracy, weights pruned (%)")
    axes.set_ylim(0, 101)
    axes.xaxis.get_major_locator().set_params(integer=True)
    plain_axes(axes)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, frameon=False, fontsize=8)


def _draw_layers(figure, axes, layers):
    axes.set_xlabel("round")
    table = layers_remaining(layers)
    first, last = table.columns[0], table.columns[-1]
    extent = (first - 0.5, last + 0.5, len(table) - 0.5, -0.5)
    shares = table.to_numpy(float)
    # Late rounds leave a thousandth: on a linear scale they would all look alike. A layer without weights is red.
    norm, colours = (
        LogNorm(min(shares[shares > 0], default=0.1) * 0.99, 1),
        colormaps["viridis"].with_extremes(under="red"),
    )
    image = axes.imshow(
        np.where(shares == 0, norm.vmin / 2, shares), norm=norm, cmap=colours, aspect="auto", extent=extent
    )
    step = max(1, -(-len(table) // LAYERS_NAMED))
    places = range(0, len(table), step)
    names = [shown(name).removesuffix("/kernel") for name in table.index[::step]]
    axes.set_yticks(places, names, fontsize=5.5 if len(places) > 20 else 8, parse_math=False)
    axes.xaxis.get_major_locator().set_params(integer=True)
    bar = figure.colorbar(image, ax=axes, label="fraction of the layer's weights that remains", format=_percent_text)
    bar.ax.yaxis.set_minor_formatter(_percent_text if norm.vmin > 0.1 else NullFormatter())


def _percent_text(share, _):
    return f"{100 * share:g}%"


def _line(search):
    rounds = search["rounds"]
    line = {name: search[name] for name in ("folder", "network", "fraction", "seed")}
    line |= {"source": search["source"], "state": COMPLETE if search["complete"] else UNFINISHED}
    line |= {"rounds": int(rounds["round"].iloc[-1]), "deviations": search["deviations"]}
    line["unpruned_test_accuracy"] = float(rounds.test_accuracy.iloc[0])
    for prefix, best in zip(_CHOICES, best_rounds(rounds), strict=True):
        for name in ("round", "test_accuracy", "val_accuracy", "sparsity"):
            line[f"{prefix}{name}"] = None if best is None else int(best[name]) if name == "round" else best[name]
    line["features_lost_from"] = lost_from(rounds)
    return line | {"epochs": int(rounds.epochs.fillna(0).sum()), "seconds": float(rounds.seconds.fillna(0).sum())}


def lost_from(rounds):
    """The first round whose features no longer depend on the image, or None; of a time when nobody looked, None.

    Arguments:
        rounds: rounds.csv as a DataFrame.
    """
    lost = rounds["round"][rounds.features == DEAD] if "features" in rounds else ()
    return int(min(lost)) if len(lost) else None


def _row(line):
    row = [
        Cell(shown_path(line["folder"])),
        Cell(source_title_of_search(line)),
        Cell(network_title(line["network"])),
        Cell(f"{line['fraction']:.0%}", sort=line["fraction"]),
        Cell(str(line["seed"]), sort=line["seed"]),
        Cell(line["state"]),
        number(line["rounds"], 0),
        _percent(line["unpruned_test_accuracy"]),
    ]
    for prefix in _CHOICES:
        row += [number(line[f"{prefix}round"], 0), _percent(line[f"{prefix}test_accuracy"])]
        row += [_percent(line[f"{prefix}val_accuracy"]), number(line[f"{prefix}sparsity"], 3)]
    row.append(number(line["features_lost_from"], 0))
    time = Cell(duration_text(line["seconds"]), sort=line["seconds"])
    return [*row, number(line["epochs"], 0), time, number(len(line["deviations"]), 0)]


def _percent(value):
    return number(None if value is None else 100 * value)
