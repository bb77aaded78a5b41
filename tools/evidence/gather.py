"""Gather the run folders of the evidence into small tables that are committed: what docs/results.md rests on.

    python tools/evidence/gather.py RUNS --to docs/results

RUNS is what units.sh writes: RUNS/VARIANT/fold-K/..., or RUNS/VARIANT/NETWORK/fold-K/... of another network, whose
name then ends that of DATA. Writes

- runs.csv: a row a run: what it is, and every number of metrics.json;
- histories.csv, rounds.csv: every epoch of Chapter 1, every round of a search;
- pictures-DATA-CHALLENGE.csv: which way had which picture right, when its fold tested it;
- tickets-TARGET.csv: the same of Chapter 2, of all folds of a target, a row a picture and seed, a column a line of
  Figure 8: unpruned (round 0), and the best ticket, of the round that the report takes for it by validation;
  tickets-TARGET-recalibrated.csv: of runs whose BatchNormalization was estimated anew before each validation; of a
  data set that was searched in parts (Figure 9c) a column a share: "search 25% best", of the search's own rounds.

Runs that have not ended are left out, and counted. What the tables hold of other runs, made elsewhere, stays: RUNS of
another machine add to them, and a run of the same path takes its old rows' place. To begin anew, empty the folder.
"""

import argparse
import json
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
from comparing import RECALIBRATED

from arttl.base.errors import InputError
from arttl.base.files import make_folder, write_table
from arttl.published.chapter2 import BATCHNORM, OWN
from arttl.reports.tickets.collect import collect_tickets
from arttl.reports.tickets.search_series import studies_of_parts
from arttl.reports.tickets.series import STUDY, VALIDATION, make_series, rounds_of, select
from arttl.runs import RunFolder

RECIPE = ("approach", "preprocessing", "numerics.era", "numerics.frozen_batchnorm", "batch_size", "patience")
SETTINGS = ("target", "source", "start", "round", "network", "architecture", "weights", "image_size", "fraction")

NETWORK = re.compile(r"[^/]+/(?!fold-)([^/]+)/fold-\d+/")
"""What names the network in a run's path, where it is not the usual one of its chapter."""

FOLD = re.compile(r"-fold-\d+")
"""What tells the folds of one target apart; the one without is the first."""

BATCHNORMS = {"": STUDY, RECALIBRATED: tuple(sorted((BATCHNORM | {"recalibrate": True}).items()))}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("runs", type=Path, metavar="RUNS")
    parser.add_argument("--to", type=Path, default=Path("docs/results"))
    options = parser.parse_args()
    found = [RunFolder(config.parent) for config in sorted(options.runs.glob("**/config.json"))]
    complete = [run for run in found if run.is_complete]
    runs = pd.DataFrame([described(run, options.runs) for run in complete])
    make_folder(options.to)
    for names, group in runs[runs.fold.notna()].groupby(["data", "challenge"]):
        add_columns(options.to / f"pictures-{'-'.join(names)}.csv", of_folds(group, options.runs), "fold")
    gather_tickets(options)
    for name, file, chapter in (("history", "histories", "ch1"), ("rounds", "rounds", "ch2")):
        paths = {run: options.runs / run / f"{name}.csv" for run in runs.run if f"/{chapter}/" in run}
        tables = [pd.read_csv(path).assign(run=run) for run, path in paths.items() if path.exists()]
        if tables:
            table = pd.concat(tables, ignore_index=True)
            add_rows(options.to / f"{file}.csv", table[["run", *table.columns.drop("run")]])
    in_all = add_rows(options.to / "runs.csv", runs)
    left_out = len(found) - len(complete)
    print(f"{len(runs)} runs, {in_all} in {options.to} in all; {left_out} have not ended and are left out")


def add_rows(path, table):
    """Write rows of runs in the place of those that a table had of the same ones. Returns how many runs it then has."""
    if path.exists():
        old = pd.read_csv(path)
        table = pd.concat([old[~old.run.isin(table.run)], table], ignore_index=True)
        table = table.sort_values("run", kind="stable")
    write_table(path, table)
    return table.run.nunique()


def add_columns(path, table, of):
    """Write which way had which picture right, in the place of what a table said of the same ways, folds or seeds.

    Arguments:
        path: of the table.
        table: a row for each two of image_id and `of`, its first columns; then a column a way.
        of: "fold" or "seed".
    """
    keys = [*table.columns[:2]]
    table = table.set_index(keys)
    if path.exists():
        old = pd.read_csv(path).set_index(keys).astype("Int64")
        for way in table.columns.intersection(old.columns):
            known = table.index.get_level_values(of)[table[way].notna()].unique()
            old.loc[old.index.get_level_values(of).isin(known), way] = pd.NA
        table = table.combine_first(old)
    write_table(path, table.sort_index().reset_index())


def gather_tickets(options):
    """The tables of Chapter 2."""
    tickets = collect_tickets(options.runs)
    series = make_series(tickets.runs)
    targets = dict.fromkeys(each.key["target"] for each in series)
    in_parts = studies_of_parts(tickets.searches[tickets.searches.complete.astype(bool)])
    for suffix, batchnorm in BATCHNORMS.items():
        tables = {}
        for target in targets:
            name = FOLD.sub("", target.replace(" ", "-"))
            if chosen := select(series, target=target, batchnorm=batchnorm):
                tables.setdefault(name, []).append(of_lines(chosen, name))
        for name, of_folds_of_it in tables.items():
            table = pd.concat(of_folds_of_it, ignore_index=True)
            add_columns(options.to / f"tickets-{name}{suffix}.csv", table, "seed")
        for (name, _, setting), shares in in_parts.items():
            if setting == batchnorm:
                add_columns(options.to / f"tickets-{name}{suffix}.csv", of_shares(shares), "seed")


def described(run, root):
    """A run's row: what it is, and its metrics."""
    config, metrics = run.read_config(), run.metrics()
    settings, recipe = config["settings"], config["settings"].get("recipe", {})
    name = run.path.relative_to(root).as_posix()
    row = {"run": name, "variant": name.partition("/")[0], "seed": settings["seed"]}
    row |= dict.fromkeys(("data", "challenge", "fold", "way", *SETTINGS))
    collection, _, fold = settings.get("collection", "").partition("-fold-")
    if fold:
        data = Path(config["reading"]["data"]).parent.name
        if other := NETWORK.match(name):
            data += f"-{other[1]}"
        row |= {"data": data, "challenge": collection, "fold": int(fold)}
        parts = row["variant"], recipe["approach"], settings.get("classifier"), settings.get("source")
        row["way"] = " ".join(part for part in parts if part)
    row |= {key: settings[key] for key in SETTINGS if key in settings and not isinstance(settings[key], dict)}
    for key in RECIPE:
        outer, _, inner = key.partition(".")
        value = recipe.get(outer)
        row[key] = value.get(inner) if inner and isinstance(value, dict) else value
    row |= {name: config["versions"].get(name) for name in ("arttl", "keras")}
    row["deviations"] = json.dumps(config.get("deviations", []))
    return row | {key: value for key, value in metrics.items() if not key.endswith(("_head", "_middle", "_tail"))}


def of_folds(runs, root):
    """A row a picture and fold, a column a way: 1 where it is right, 0 where not, nothing where it was not run."""
    tables = []
    for row in runs.itertuples():
        told = right(RunFolder(root / row.run))
        # Without the part that it was in, in this fold.
        told.index = told.index.str.partition("/").get_level_values(2).rename("image_id")
        tables.append(told.rename("right").reset_index().assign(fold=int(row.fold), way=row.way))
    table = pd.concat(tables).pivot(index=["image_id", "fold"], columns="way", values="right").astype("Int64")
    return table.reset_index()


def of_lines(series, own):
    """A row a picture and seed, a column a line of a target's panel, as "cifar10 ticket best".

    Arguments:
        series: the target's Series.
        own: what its own tickets are called.
    """
    columns = {}
    for each in series:
        line = f"{own if each.key['source'] == OWN else each.key['source']} {each.key['start']}"
        chosen = {}
        if each.key["start"] == "scratch":
            chosen["scratch"] = each.of_round(0)
        elif each.has_round_0:
            chosen[f"{line} unpruned"] = each.of_round(0)
        whole = of_whole_seeds(each)
        if each.key["start"] != "scratch" and (best := whole.best(VALIDATION)):
            chosen[f"{line} best"] = whole.of_round(best["round"])
        for column, runs in chosen.items():
            columns[column] = pd.concat({run.seed: right(RunFolder(run.path)) for run in runs.itertuples()})
    return pd.DataFrame(columns).astype("Int64").rename_axis(["seed", "image_id"]).reset_index()


def of_shares(series):
    """The same of searches on all and on parts of a data set: columns as "search 25% best".

    Arguments:
        series: a Series a share, of studies_of_parts(); a seed whose network died early has fewer rounds, and those
            compete that all seeds have.
    """
    columns = {}
    for each in series:
        best = int(each.best(VALIDATION)["round"])
        for number, kind in ((0, "unpruned"), (best, "best")):
            runs = each.of_round(number).itertuples()
            columns[f"search {each.key['fraction']:.0%} {kind}"] = pd.concat(
                {run.seed: answered(RunFolder(run.path), number) for run in runs}
            )
    return pd.DataFrame(columns).astype("Int64").rename_axis(["seed", "image_id"]).reset_index()


def answered(search, number):
    """Which test pictures a search's network of a round has right: as `right`."""
    told, images = search.answers(number), search.images()
    tested = images[images.split == "test"]
    names = sorted(tested.label.unique())
    if [names.index(label) for label in tested.label] != told.label.tolist():
        raise InputError(f"{search.path}: answers.csv is not of the test images of images.csv")
    return pd.Series((told.label == told.predicted).to_numpy(int), index=[*tested.image_id])


def of_whole_seeds(series):
    """The Series of those seeds that have every round: others would leave no round to choose."""
    rounds = series.runs.groupby("seed")["round"].agg(set)
    whole = rounds.index[rounds == set(series.runs["round"])]
    runs = series.runs[series.runs.seed.isin(whole)]
    return replace(series, runs=runs, rounds=rounds_of(runs)) if not series.problem and len(runs) else series


def right(run):
    """Which pictures a run has right: a Series of 0 and 1 by image_id."""
    told = run.predictions().set_index("image_id")
    return (told.label == told.predicted).astype(int)


if __name__ == "__main__":
    main()
