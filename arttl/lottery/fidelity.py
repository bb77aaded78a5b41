"""Which of the choices that the thesis leaves open gives its curves: the same search under other settings.

What is compared is what the thesis plots: test accuracy by the fraction pruned. What tells the settings apart most is
the round from which the features no longer depend on the image (arttl.pruning.liveness).
"""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import pandas as pd
from matplotlib import colormaps

from arttl.base.files import make_folder, whole_file, write_table
from arttl.base.markdown import markdown_table
from arttl.base.names import safe_name
from arttl.lottery.search_runs import run_search, search_run
from arttl.pruning.liveness import ALIVE
from arttl.published.chapter2 import OWN
from arttl.published.curves import round_curves
from arttl.recipes.overrides import read_assignments, typed_value
from arttl.reports.figures import BEHIND, published_entry, save_figure
from arttl.reports.tickets.panels import empty_panels, finish
from arttl.reports.tickets.searches import lost_from
from arttl.sweeps import do_runs

FOLDER = "ch2/fidelity"
BASELINE = "baseline"
COMPARISONS = (
    "scope=global",
    "scope=global,initial=he_uniform",
    "criterion=channels",
    "initial=glorot_uniform",
    "initial=he_uniform",
    "optimizer.l2=0",
    "optimizer.l2=0,optimizer.weight_decay=1e-5",
    "optimizer.learning_rate=0.01",
    "optimizer.learning_rate=0.1",
    "rewind=1",
    "rewind=0",
)
"""One choice each: settings of a Recipe or of SearchSettings, with a comma between them."""

DEMO = {"rounds": 30, "epochs": 2, "rewind": 1}
ROUNDS = (0, 5, 10, 13, 16, 20, 24, 28, 30)
"""Those of the printed table, where there are more than MANY."""
MANY = 10


def do_fidelity(study, method, compare=()):
    """Search under every setting, and write and print what the searches have come to.

    Arguments:
        study: the SearchStudy of the baseline.
        method: as of SearchStudy.do.
        compare: as of COMPARISONS; empty for those.
    """
    specs = plan_variants(study.runs(), compare or COMPARISONS, Path(study.sweep.output, study.folder))
    study.announce()
    folder = specs[0][1].folder.path.parents[1]
    do_runs(
        [spec for _, spec in specs],
        study.open(),
        study.sweep,
        partial(run_search, method=method),
        prepare=study.computing.tell,
        opening=study.open,
        report=lambda: write_report(specs, folder),
    )


def plan_variants(specs, comparisons, base):
    """Pairs of a variant's name and a SearchSpec: of the baseline and of every comparison, for each seed.

    Arguments:
        specs: SearchSpecs of the baseline, one a seed.
        comparisons: as of COMPARISONS.
        base: folder of the experiment.
    """
    planned = []
    for name in dict.fromkeys((BASELINE, *comparisons)):
        for spec in specs:
            changed = spec if name == BASELINE else changed_spec(spec, name)
            if name != BASELINE and changed == spec:
                continue  # the baseline under another name
            folder = search_run(base, spec.source, Path(spec.network, safe_name(name)), spec.fraction, spec.seed)
            planned.append((name, replace(changed, folder=folder)))
    return planned


def changed_spec(spec, text):
    """A SearchSpec with other settings.

    Arguments:
        spec: the SearchSpec.
        text: such as "scope=global,initial=he_uniform".

    Raises InputError for an unknown setting or a value that it does not take.
    """
    recipe, search, former = {}, {}, asdict(spec.search)
    for name, value in read_assignments(text.split(",")).items():
        if name in former:
            search[name] = typed_value(name, value, former[name])
        else:
            recipe[name] = value
    return replace(spec, recipe=spec.recipe.changed(recipe), search=replace(spec.search, **search))


def write_report(specs, folder):
    """Write the table as CSV and Markdown beside the runs, and print it; nothing while searches are missing."""
    if not all(spec.folder.is_complete for _, spec in specs):
        return
    table = fidelity_table([(name, spec.seed, spec.folder) for name, spec in specs])
    make_folder(folder, "output")
    write_table(folder / "fidelity.csv", table)
    text = fidelity_markdown(table)
    with whole_file(folder / "fidelity.md") as file:
        file.write(text + "\n")
    save_figure(fidelity_figure(table, specs[0][1]), folder, "fidelity")
    print(f"\n{text}\n\n(also in {folder / 'fidelity.csv'} and fidelity.md, drawn in fidelity.png)")


def fidelity_table(searches):
    """Every round of every search: a DataFrame of rounds.csv with the columns variant and seed before its own.

    Arguments:
        searches: tuples of a variant's name, a seed, and the RunFolder of a complete search.
    """
    tables = [
        pd.read_csv(folder.path / "rounds.csv").assign(variant=name, seed=seed) for name, seed, folder in searches
    ]
    every = pd.concat(tables, ignore_index=True)
    return every[["variant", "seed", *(name for name in every if name not in ("variant", "seed"))]]


def fidelity_markdown(table):
    """Test accuracy in percent by round, averaged over seeds, and when the features are lost: a row a variant."""
    last = int(table["round"].max())
    rounds = [number for number in sorted({*table["round"]}) if last < MANY or number in (*ROUNDS, last)]
    header = ("variant", "seeds", "features lost in round", *(f"{number}" for number in rounds))
    rows = []
    for name, group in table.groupby("variant", sort=False):
        mean = group.groupby("round").test_accuracy.mean()
        cells = [f"{mean[number]:.1%}" if number in mean else "" for number in rounds]
        rows.append((name, str(group.seed.nunique()), _lost(group), *cells))
    note = (
        "Test accuracy by round; fidelity.csv has the fraction pruned in each. Features are lost when they no longer "
        "depend on the image in training; in brackets when BatchNormalization's moving statistics alone lose them. A "
        "search ends where they are lost, unless told to go on."
    )
    return f"{markdown_table(header, rows)}\n\n{note}"


def fidelity_figure(table, spec):
    """What the thesis plots, for every variant: test accuracy by the fraction pruned, mean over seeds.

    Where the thesis has target tickets of this data set and network, its curve lies behind; of natural sources it plots
    none.

    Arguments:
        table: as fidelity_table() returned.
        spec: a SearchSpec.
    """
    figure, (axes,) = empty_panels(1)
    curves = [each for each in round_curves("8", spec.source, spec.network) if each.source == OWN]
    for curve in curves:
        axes.plot(curve.pruned, curve.percent, color="black", **BEHIND)
    colours = colormaps["tab20"].colors
    for number, (name, group) in enumerate(table.groupby("variant", sort=False)):
        mean = group.groupby("round")[["sparsity", "test_accuracy"]].mean()
        style = {"marker": "o", "markersize": 3, "color": colours[number % len(colours)]}
        axes.plot(mean.sparsity, 100 * mean.test_accuracy, label=name, **style)
    finish(axes, f"{spec.source}, {spec.network}", [published_entry()] if curves else [])
    return figure


def _lost(group):
    """Rounds from which features are lost, a seed each, in words."""
    found = []
    for _, rows in group.groupby("seed"):
        rows = rows.sort_values("round")
        dead, lagging = lost_from(rows), rows["round"][rows.features != ALIVE]
        last = f"after {rows['round'].max()}"
        found.append(str(dead) if dead is not None else f"{last} ({lagging.min()})" if len(lagging) else last)
    return ", ".join(found)
