"""Write docs/results.md from the tables in docs/results/: the ledger of the thesis' claims, and nothing else.

python tools/evidence/write_results.py
"""

import argparse
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from comparing import RECALIBRATED, VERDICTS, compared, pooled, verdict
from figures import chapter1, chapter2

from arttl.base.files import partial_path, whole_file
from arttl.base.markdown import markdown_table
from arttl.reports.comparing import LEAST_SEEDS
from arttl.runs.metrics import difference_over_seeds

FOLDER = Path(__file__).parents[2] / "docs" / "results"
PAGE = FOLDER.with_suffix(".md")
OWN = "OWN"  # of a claim: the target's own tickets
BOTH = " (both)"  # ends the name of what joins a target's two tables
LEDGER = ("claim", "thesis", "pictures", "difference", "95% interval", "tested", "of", "here")
CLAIMS = pd.read_csv(Path(__file__).with_name("claims.csv"), dtype={"published": str, "place": str})
"""The first of two ways is better than the second, or, by `alike`, within so many points of it. Place: in the thesis;
nowhere for a question of ours. Published: its numbers in one case, of Xception or of ResNet-50's tickets."""

HEAD = Path(__file__).with_name("results_head.md").read_text(encoding="utf-8")
NOTES = f"""
Differences are in points of test accuracy. *Supported*, *contradicted*: the 95% interval leaves zero out, on a side;
"about as good": it lies within three points, or outside. Intervals are not widened for the number of rows. Chapter 1:
mean over those of the five folds that have been run, by the corrected resampled t-test (Nadeau and Bengio 2003), since
folds share training pictures.

Chapter 2: over seeds and test pictures together (Hillis 2007, as in reports), with fewer than {LEAST_SEEDS} seeds never
decided; each side's round is the one that its validation pictures prefer, so that two sides' masks may be of different
rounds; *recalibrated*: BatchNormalization's statistics are estimated anew before each validation.

From scratch, early stopping ends a training before
[BatchNormalization's moving statistics](fidelity.md#batchnormalization-in-a-short-training) have had the 500 steps that
they need; some networks never leave the commonest class (below), and what is better than these is better than nothing.
"""

ACCURACIES = """## Accuracies

Their 95% intervals are Wilson's, of the draw of pictures; over several seeds those of seeds and pictures together.
"""

MAPS = """
### Figure 4: where the networks look

VisualBackProp off the shelf and fine-tuned, on the test pictures of louvre-genres: the rank correlation of a picture's
two maps, and of a map with the other network's of another picture (medians over a fold's pictures,
`tools/evidence/maps.py`; here their mean over folds, by pictures). The thesis
shows such pairs for pictures that only the fine-tuned network gets right. Here the two maps are nearly the same, to the
eye as well: what fine tuning changes is not seen in them.
"""


def text(tables):
    """The page for the tables of a folder, as `read` gives them."""
    pictures, tickets = of_kind(tables, "pictures-"), of_kind(tables, "tickets-")
    chapters = {1: (pictures, of_folds), 2: (tickets | joined(tickets), of_seeds)}
    ledgers = [
        [row for claim in CLAIMS[CLAIMS.chapter == chapter].itertuples() for row in rows(claim, *compared_by)]
        for chapter, compared_by in chapters.items()
    ]
    measured = ["pictures", "way", "accuracy", "95% interval", "tested", "of"]
    of_pictures = [
        [*row, epochs(tables["runs"], name, row[1])]
        for name, table in pictures.items()
        for row in accuracies(name, table, "fold")
    ]
    of_tickets = [row for name, table in tickets.items() for row in accuracies(name, table, "seed")]
    parts = [
        HEAD,
        "## Chapter 1\n",
        "![accuracy of each way, with its interval](results/chapter1.png)\n",
        markdown_table(LEDGER, ledgers[0]),
        *maps(tables.get("maps")),
        "\n## Chapter 2\n",
        *(["![accuracy by round](results/chapter2.png)\n"] if tickets else []),
        markdown_table(LEDGER, ledgers[1]),
        NOTES,
        ACCURACIES,
        markdown_table([*measured, "median epochs: tested of trained"], of_pictures),
        "",
        *([markdown_table(measured, of_tickets)] if of_tickets else []),
        *remarks(tables["runs"], pictures),
        f"\n{len(tables['runs'])} runs in all.",
    ]
    return "\n".join(parts) + "\n"


def maps(table):
    """What Figure 4 comes to in numbers: lines for a table of maps.py, none without."""
    if table is None:
        return []
    rows = [
        [
            kind,
            f"{each.images.sum():,}",
            *(f"{np.average(each[of], weights=each.images):.3f}" for of in ("same", "another")),
        ]
        for kind, each in table[table.images > 0].groupby("kind", sort=False)
    ]
    return [MAPS, markdown_table(("pictures", "tested", "the picture's two maps", "another picture's"), rows)]


def remarks(runs, pictures):
    """What the accuracies do not show: lines on ways that answer one class, and on ways that answer alike.

    Arguments:
        runs: the table of runs.
        pictures: dict of a collection's name to its table.
    """
    runs = runs.assign(constant=np.isclose(runs.test_accuracy, runs.majority_accuracy))
    ways = runs[runs.fold.notna()].groupby(["data", "challenge", "way"]).constant.agg(["sum", "size"])
    for (data, challenge, way), (some, of) in ways[ways["sum"] > 0].iterrows():
        yield f"\nNo better than the commonest class alone: {data}-{challenge}, {way}, {some} of {of} runs."
    for name, table in pictures.items():
        for one, other in combinations(table.columns.drop(["image_id", "fold"]), 2):
            both = table[[one, other]].dropna()
            if len(both) and (both[one] == both[other]).all():
                yield f"\nRight and wrong alike on all {len(both):,} pictures: {name}, {one} and {other}."


def read(folder):
    """The tables of a folder, a dict of name to DataFrame."""
    return {path.stem: pd.read_csv(path) for path in sorted(folder.glob("*.csv"))}


def of_kind(tables, prefix):
    """Those whose names begin so, by the rest of their names."""
    return {name.removeprefix(prefix): each for name, each in tables.items() if name.startswith(prefix)}


def joined(tickets):
    """Of each target both tables of tickets beside each other, for the claims on what recalibrating is worth.

    Arguments:
        tickets: dict of a target's name, or that with RECALIBRATED, to its table.

    Returns a dict of "NAME, BOTH" to a table whose lines are called "LINE, moving" and "LINE, recalibrated".
    """
    found, keys = {}, ["seed", "image_id"]
    for name, moving in tickets.items():
        if (anew := tickets.get(name + RECALIBRATED)) is not None:
            sides = {", moving": moving, ", recalibrated": anew}
            tables = [table.set_index(keys).add_suffix(suffix) for suffix, table in sides.items()]
            found[name + BOTH] = tables[0].join(tables[1]).reset_index()
    return found


def rows(claim, tables, compare):
    """The ledger's rows of a claim, one for each table that has both sides; one that says so where none has.

    Arguments:
        claim: a row of CLAIMS.
        tables: dict of a data set's name to its table.
        compare: of_folds or of_seeds.
    """
    place, published = ("" if pd.isna(each) else each for each in (claim.place, claim.published))
    head = [f"{claim.claim} ({place})" if place else claim.claim, published]
    found = []
    for name, table in tables.items():
        own = name.removesuffix(RECALIBRATED).removesuffix(BOTH)
        sides = [side.replace(OWN, own) for side in (claim.better, claim.worse)]
        if {*sides} <= {*table} and (line := compare(table, *sides)):
            points, low, high, tested, of, decides = line
            said = verdict(low, high, None if np.isnan(claim.alike) else claim.alike) if decides else VERDICTS[0]
            found.append([*head, name, f"{points:+.1f}", f"{low:+.1f} to {high:+.1f}", f"{tested:,}", of, said])
    return found or [[*head, "", "", "", "", "", "not measured"]]


def of_folds(table, better, worse):
    """Points, low, high, pictures, of how many folds, and whether they may decide; None if nothing can be compared."""
    found = compared(table, better, worse)
    return found and (found.points, found.low, found.high, found.pictures, f"{found.folds} folds", True)


def of_seeds(table, better, worse):
    """The same of a target's table."""
    both = table[["seed", "image_id", better, worse]].dropna()
    sides = [both.pivot(index="image_id", columns="seed", values=side).to_numpy(float) for side in (better, worse)]
    if not len(both) or np.isnan(sides).any():
        return None
    pictures, seeds = sides[0].shape
    values = (100 * float(value) for value in difference_over_seeds(*sides))
    return *values, pictures, f"{seeds} seed{'s' * (seeds > 1)}", seeds >= LEAST_SEEDS


def accuracies(name, table, of):
    """A row for each way in a table."""
    for way in table.columns.drop(["image_id", of]):
        accuracy, low, high = pooled(table, way)
        tested = table[way].notna()
        number = table[of][tested].nunique()
        interval = f"{low:.1f} to {high:.1f}"
        pictures = table.image_id[tested].nunique()
        yield [name, way, f"{accuracy:.1f}", interval, f"{pictures:,}", f"{number} {of}{'s' * (number > 1)}"]


def epochs(runs, name, way):
    """Medians over a way's runs of the epoch that was tested and of the epochs trained: "9 of 16"; "" without any."""
    of_way = runs[(runs.data + "-" + runs.challenge == name) & (runs.way == way)]
    tested, trained = (of_way[column].median() for column in ("tested_epoch", "epochs"))
    return "" if np.isnan(tested) else f"{tested:g} of {trained:g}"


def main():
    argparse.ArgumentParser(description=__doc__.split("\n")[0]).parse_args()
    tables = read(FOLDER)
    with whole_file(PAGE) as file:
        file.write(text(tables))
    figures = {"chapter1": chapter1(of_kind(tables, "pictures-"))}
    if of_kind(tables, "tickets-"):
        figures["chapter2"] = chapter2(tables)
    for name, figure in figures.items():
        with partial_path(FOLDER / f"{name}.png") as partial:
            figure.savefig(partial, dpi=80)
    print(PAGE)


if __name__ == "__main__":
    main()
