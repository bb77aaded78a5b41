"""Make arttl/data/published from the values behind the thesis' plots: every line once, a row each, to one decimal.

    python tools/make_published_curves.py published_figures.csv

The CSV has a row a value: figure, panel, series, x (epoch from 1, or round from 0), percent.
"""

import csv
import sys
from decimal import ROUND_HALF_UP, Decimal

from arttl.base.files import csv_writer, whole_file
from arttl.collections.targets import TARGETS
from arttl.published.chapter2 import OWN, SCRATCH
from arttl.published.curves import FOLDER

NAMES = {each.name.lower(): each.name for each in TARGETS} | {"mnist": "mnist"}
SOURCES = {"cifar10": "cifar10", "cifar100": "cifar100", "fashion-mnist": "fashion_mnist", "target": OWN}


def main(path):
    """Read the values and write epochs.csv (Figures 2 and 3) and rounds.csv (Figures 5, 8 and 9)."""
    lines = {}
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            line = lines.setdefault((row["figure"], row["panel"], row["series"]), {})
            line[int(row["x"])] = Decimal(row["percent"]).quantize(Decimal("0.1"), ROUND_HALF_UP)
    epochs, rounds = {}, {}
    for (figure, panel, series), values in lines.items():
        percent = tuple(values[x] for x in sorted(values))
        if figure in "23":
            epochs[figure, panel, *series.split()] = percent
        else:
            rounds.setdefault((*round_key(figure, panel, series), percent), []).append(figure)
    write("epochs.csv", ("figure", "challenge", "network", "approach"), epochs.items(), range(1, 42))
    rows = [((" ".join(dict.fromkeys(figures)), *key), percent) for (*key, percent), figures in rounds.items()]
    write("rounds.csv", ("figures", "target", "source", "start", "fraction"), rows, range(31))


def round_key(figure, panel, series):
    """Target, source, start and fraction of a line of Figure 5, 8 or 9."""
    first, _, second = panel.partition(" to ")
    target = NAMES[second or first]
    words = series.removesuffix(" ticket")
    if series == "scratch":
        return target, SCRATCH, "scratch", 1.0
    if figure == "9a":
        return target, first, "final" if series == "final weights" else "ticket", 1.0
    if figure == "9c":
        return target, OWN, "ticket", int(series.removesuffix("%")) / 100
    if figure == "5" or series.endswith("reinitialised"):
        return target, OWN, "reinitialised" if series.endswith("reinitialised") else "ticket", 1.0
    return target, NAMES[first] if words == "related" else SOURCES[words], "ticket", 1.0


def write(name, keys, rows, numbers):
    """Write a CSV, a row a line; shorter lines end with empty cells."""
    FOLDER.mkdir(exist_ok=True)
    with whole_file(FOLDER / name) as file:
        writer = csv_writer(file)
        writer.writerow([*keys, *numbers])
        for key, percent in rows:
            writer.writerow([*key, *percent, *[""] * (len(numbers) - len(percent))])


if __name__ == "__main__":
    main(sys.argv[1])
