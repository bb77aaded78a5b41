"""The figures in docs/results.md, drawn from the tables in docs/results/."""

import math

from comparing import RECALIBRATED, pooled

from arttl.reports.figures import new_figure, plain_axes

PANELS = 3  # in a row


def chapter1(pictures):
    """Accuracy of each way on each collection, with Wilson's 95% interval of the draw of pictures: a Figure.

    Arguments:
        pictures: dict of a collection's name to its table of gather.py.
    """
    most = max([4, *(len(each.columns) - 2 for each in pictures.values())])
    across = min(PANELS, max(1, len(pictures)))
    down = math.ceil(len(pictures) / across) or 1
    figure = new_figure(4.8 * across, (0.3 * most + 0.8) * down)
    panels = [*figure.subplots(down, across, squeeze=False).flat]
    for axes in panels[len(pictures) :]:
        axes.set_visible(False)
    for axes, (name, table) in zip(panels, pictures.items(), strict=False):
        ways = [column for column in table if column not in ("image_id", "fold")]
        for place, way in enumerate(reversed(ways)):
            accuracy, low, high = pooled(table, way)
            axes.errorbar(accuracy, place, xerr=[[accuracy - low], [high - accuracy]], fmt="o", color="#1f77b4")
        axes.set_yticks(range(len(ways)), [way.removeprefix("thesis ") for way in reversed(ways)], fontsize=8)
        axes.set_ylim(len(ways) - most - 0.5, len(ways) - 0.5)
        axes.set_title(name, fontsize=10)
        axes.set_xlabel("test accuracy (%)")
        plain_axes(axes)
    return figure


def chapter2(tables):
    """Figure 8: test accuracy by round, mean and standard deviation over seeds; dashed: from scratch. A Figure.

    Of a target's folds the first, on which there are all lines.

    Arguments:
        tables: dict of name to table, with the runs of Chapter 2 in "runs".
    """
    runs = tables["runs"][tables["runs"].target.notna()]
    runs = runs.assign(recalibrated=runs.run.str.contains(f"{RECALIBRATED}/"), accuracy=100 * runs.test_accuracy)
    runs = runs[~runs.target.str.contains("-fold-")]
    panels = list(runs.groupby(["target", "recalibrated"]))
    figure, colours = new_figure(4.2 * len(panels), 3.6), {}
    for axes, (key, of_panel) in zip(figure.subplots(1, len(panels), squeeze=False).flat, panels, strict=True):
        target, recalibrated = key
        scratch = of_panel[of_panel.start == "scratch"].accuracy
        axes.axhline(scratch.mean(), color="black", linestyle="--", linewidth=1, label="from scratch")
        for (source, start), line in of_panel[of_panel.start != "scratch"].groupby(["source", "start"]):
            by_round = line.groupby("round").accuracy
            label = f"{'own' if source == target else source} {start}"
            colour = colours.setdefault(label, f"C{len(colours)}")
            look = {"capsize": 2, "label": label, "color": colour}
            axes.errorbar(by_round.mean().index, by_round.mean(), yerr=by_round.std(), **look)
        axes.set_title(target + (", recalibrated" if recalibrated else ""), fontsize=10)
        axes.set_xlabel("round (36% of the weights each)")
        axes.set_ylabel("test accuracy (%)")
        axes.legend(frameon=False, fontsize=7)
        plain_axes(axes)
    return figure
