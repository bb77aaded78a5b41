"""Chapter 1's figure in docs/results.md, drawn from the tables in docs/results/."""

from comparing import pooled

from arttl.reports.figures import new_figure, plain_axes


def chapter1(pictures):
    """Accuracy of each way on each collection, with Wilson's 95% interval of the draw of pictures: a Figure.

    Arguments:
        pictures: dict of a collection's name to its table of gather.py.
    """
    figure = new_figure(
        4.2 * max(1, len(pictures)), 0.34 * max([4, *(len(each.columns) for each in pictures.values())])
    )
    panels = figure.subplots(1, max(1, len(pictures)), squeeze=False).flat
    for axes, (name, table) in zip(panels, pictures.items(), strict=False):
        ways = [column for column in table if column not in ("image_id", "fold")]
        for place, way in enumerate(reversed(ways)):
            accuracy, low, high = pooled(table, way)
            axes.errorbar(accuracy, place, xerr=[[accuracy - low], [high - accuracy]], fmt="o", color="#1f77b4")
        axes.set_yticks(range(len(ways)), [way.removeprefix("thesis ") for way in reversed(ways)], fontsize=8)
        axes.set_title(name, fontsize=10)
        axes.set_xlabel("test accuracy (%)")
        plain_axes(axes)
    return figure
