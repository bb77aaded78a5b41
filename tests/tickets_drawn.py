"""What is read from the figures of Chapter 2."""

import pandas as pd
from matplotlib.colors import to_hex


def lines_of(axes):
    """Our lines by their label."""
    return {name: line for name, line in all_lines(axes).items() if not name.startswith("_published")}


def all_lines(axes):
    """Lines by their label, the thesis' too."""
    return {line.get_label(): line for line in axes.get_lines()}


def band_of(axes, colour):
    """(x, low, high) of the one filled band of a colour, sorted by x."""
    (found,) = [each for each in axes.collections if to_hex(each.get_facecolor()[0]) == to_hex(colour)]
    corners = pd.DataFrame(found.get_paths()[0].vertices, columns=["x", "y"]).groupby("x").y.agg(["min", "max"])
    return corners.reset_index().values
