"""Learning curves: accuracy and loss by epoch of everything that was tried on a collection and challenge."""

from __future__ import annotations

from matplotlib import colormaps

from arttl.reports.collect import SOFTMAX
from arttl.reports.figures import new_figure, plain_axes

_COLOURS = colormaps["tab10"].colors
_PANELS = {"accuracy (%)": ("accuracy", 100), "loss": ("loss", 1)}


def learning_curves(task):
    """Accuracy and loss by epoch: validation drawn through, training thin and dotted, a line a seed.

    Arguments:
        task: a Task.

    Returns a matplotlib Figure, or None where nothing was trained by epochs. Classifiers on X have no epochs.
    """
    trained = [each for each in task.tried if each.key["classifier"] == SOFTMAX]
    columns = {name for each in trained for history in each.runs.history for name in history.columns}
    panels = {title: each for title, each in _PANELS.items() if f"val_{each[0]}" in columns}
    if not trained or not panels:
        return None
    figure = new_figure(4.6 * len(panels), 3.4 + 0.2 * len(trained))
    for axes, (title, (name, scale)) in zip(
        figure.subplots(1, len(panels), squeeze=False).flat, panels.items(), strict=True
    ):
        for number, each in enumerate(trained):
            _draw(axes, each, name, scale, _COLOURS[number % len(_COLOURS)])
        axes.set_xlabel("epoch")
        axes.set_title(title, fontsize=10)
        axes.xaxis.get_major_locator().set_params(integer=True)
        plain_axes(axes)
    handles = axes.get_legend_handles_labels()[0]
    legend = figure.legend(handles=handles, loc="outside lower left", frameon=False, fontsize=9)
    for text in legend.get_texts():
        text.set_parse_math(False)
    return figure


def _draw(axes, tried, name, scale, colour):
    label = tried.title
    for history in tried.runs.history:
        style = {"color": colour, "marker": "o" if len(history) < 3 else "", "markersize": 3}
        if name in history:
            axes.plot(history.epoch, scale * history[name], ":", **style, linewidth=1, label="_training")
        if f"val_{name}" in history:
            axes.plot(history.epoch, scale * history[f"val_{name}"], "-", **style, linewidth=1.6, label=label)
            label = f"_{tried.title}"
