"""Gather the run folders of the evidence into small tables that are committed: what docs/results.md rests on.

    python tools/evidence/gather.py RUNS --to docs/results

RUNS is what units.sh writes: RUNS/VARIANT/... Writes

- runs.csv: a row a run: what it is, and every number of metrics.json;
- histories.csv, rounds.csv: every epoch of Chapter 1, every round of a search;
- pictures-DATA-CHALLENGE.csv: which way had which picture right, when its fold tested it;
- tickets-TARGET.csv: the same of Chapter 2, a row a picture and seed, a column a line of Figure 8: unpruned (round 0),
  and the best ticket, of the round that has the highest mean validation accuracy over the seeds.

Runs that have not ended are left out, and counted.
"""

import argparse
import json
from pathlib import Path

import pandas as pd

from arttl.base.files import make_folder, write_table
from arttl.runs import RunFolder

RECIPE = ("approach", "preprocessing", "numerics.era", "numerics.frozen_batchnorm", "batch_size", "patience")
SETTINGS = ("target", "source", "start", "round", "network", "architecture", "weights", "image_size", "fraction")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("runs", type=Path, metavar="RUNS")
    parser.add_argument("--to", type=Path, default=Path("docs/results"))
    options = parser.parse_args()
    found = [RunFolder(config.parent) for config in sorted(options.runs.glob("**/config.json"))]
    complete = [run for run in found if run.is_complete]
    runs = pd.DataFrame([described(run, options.runs) for run in complete])
    make_folder(options.to)
    for old in [*options.to.glob("pictures-*.csv"), *options.to.glob("tickets-*.csv")]:
        old.unlink()
    for names, group in runs[runs.fold.notna()].groupby(["data", "challenge"]):
        write_table(options.to / f"pictures-{'-'.join(names)}.csv", of_folds(group, options.runs))
    for target, group in runs[runs.target.notna()].groupby("target"):
        write_table(options.to / f"tickets-{target}.csv", of_lines(group, options.runs))
    for name, chapter in (("history", "ch1"), ("rounds", "ch2")):
        paths = [options.runs / run / f"{name}.csv" for run in runs.run if f"/{chapter}/" in run]
        tables = [pd.read_csv(path).assign(run=relative(path.parent, options.runs)) for path in paths if path.exists()]
        if tables:
            table = pd.concat(tables, ignore_index=True)
            file = {"history": "histories", "rounds": "rounds"}[name]
            write_table(options.to / f"{file}.csv", table[["run", *table.columns.drop("run")]])
    write_table(options.to / "runs.csv", runs)
    print(f"{len(runs)} runs in {options.to}; {len(found) - len(complete)} have not ended and are left out")


def described(run, root):
    """A run's row: what it is, and its metrics."""
    config, metrics = run.read_config(), run.metrics()
    settings, recipe = config["settings"], config["settings"].get("recipe", {})
    name = relative(run.path, root)
    row = {"run": name, "variant": name.partition("/")[0], "seed": settings["seed"]}
    row |= dict.fromkeys(("data", "challenge", "fold", "way", *SETTINGS))
    collection, _, fold = settings.get("collection", "").partition("-fold-")
    if fold:
        row |= {"data": Path(config["reading"]["data"]).parent.name, "challenge": collection, "fold": int(fold)}
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
        told = right(root / row.run)
        # Without the part that it was in, in this fold.
        told.index = told.index.str.partition("/").get_level_values(2).rename("image_id")
        tables.append(told.rename("right").reset_index().assign(fold=int(row.fold), way=row.way))
    table = pd.concat(tables).pivot(index=["image_id", "fold"], columns="way", values="right").astype("Int64")
    return table.sort_index().reset_index()


def of_lines(runs, root):
    """A row a picture and seed, a column a line of a target's panel, as "cifar10 ticket best"."""
    columns = {}
    for (source, start), line in runs.fillna({"source": ""}).groupby(["source", "start"]):
        rounds = line.groupby("round")
        whole = rounds.seed.nunique()
        mean = rounds.val_accuracy.mean()[whole == whole.max()]
        chosen = {} if start == "scratch" else {"unpruned": 0} if 0 in mean.index else {}
        pruned = mean[mean.index > 0]
        chosen |= {"": 0} if start == "scratch" else {"best": int(pruned.idxmax())} if len(pruned) else {}
        for word, number in chosen.items():
            name = "scratch" if start == "scratch" else f"{source} {start} {word}"
            columns[name] = pd.concat(
                {row.seed: right(root / row.run) for row in line[line["round"] == number].itertuples()}, names=["seed"]
            )
    table = pd.DataFrame(columns).astype("Int64").rename_axis(["seed", "image_id"])
    return table.sort_index().reset_index()


def right(folder):
    """Which pictures a run has right: a Series of 0 and 1 by image_id."""
    told = pd.read_csv(folder / "predictions.csv", dtype=str).set_index("image_id")
    return (told.label == told.predicted).astype(int)


def relative(path, root):
    """A run's name."""
    return Path(path).relative_to(root).as_posix()


if __name__ == "__main__":
    main()
