"""Gather the run folders of the evidence into small tables that are committed: what docs/results.md rests on.

    python tools/evidence/gather.py RUNS --to docs/results

RUNS/VARIANT/ch1/... are runs on the folds of make_folds.py, and RUNS/VARIANT/ch2/... searches and transfers. Writes
runs.csv (a row a run: settings, every number of metrics.json), histories.csv (every epoch), rounds.csv (every round of
a search) and pictures-DATA-CHALLENGE.csv (which variant and approach had which picture right, when its fold tested it).
Runs that have not ended are left out, and counted.
"""

import argparse
import json
from pathlib import Path

import pandas as pd

from arttl.base.files import make_folder, write_table
from arttl.runs import RunFolder

DATA = {"genre": "louvre-genres", "type": "clipart-a", "artist": "clipart-a"}
RECIPE = ("approach", "preprocessing", "numerics.era", "numerics.frozen_batchnorm", "batch_size", "patience")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("runs", type=Path, metavar="RUNS")
    parser.add_argument("--to", type=Path, default=Path("docs/results"))
    options = parser.parse_args()
    rows, histories, rounds, pictures, unfinished = [], [], [], {}, 0
    for config in sorted(options.runs.glob("**/config.json")):
        run = RunFolder(config.parent)
        if not run.is_complete:
            unfinished += 1
            continue
        name = config.parent.relative_to(options.runs).as_posix()
        rows.append({"run": name} | described(run, name))
        for table, found in (("history", histories), ("rounds", rounds)):
            path = config.parent / f"{table}.csv"
            if path.exists():
                found.append(pd.read_csv(path).assign(run=name))
        path = config.parent / "predictions.csv"
        if path.exists() and "fold" in rows[-1]:
            told = pd.read_csv(path, dtype=str)
            table = pd.DataFrame({"image_id": told.image_id.map(bare), "fold": rows[-1]["fold"]})
            table["column"] = f"{rows[-1]['variant']} {rows[-1]['approach']}"
            table["right"] = (told.label == told.predicted).astype(int)
            pictures.setdefault((rows[-1]["data"], rows[-1]["challenge"]), []).append(table)
    make_folder(options.to)
    for names, tables in pictures.items():
        table = pd.concat(tables).pivot(index=["image_id", "fold"], columns="column", values="right").astype("Int64")
        write_table(options.to / f"pictures-{'-'.join(names)}.csv", table.sort_index().reset_index())
    for name, tables in (("histories", histories), ("rounds", rounds)):
        if tables:
            table = pd.concat(tables, ignore_index=True)
            write_table(options.to / f"{name}.csv", table[["run", *table.columns.drop("run")]])
    write_table(options.to / "runs.csv", pd.DataFrame(rows))
    print(f"{len(rows)} runs in {options.to}; {unfinished} have not ended and are left out")


def described(run, name):
    """A run's row: what it is, and its metrics."""
    config, metrics = run.read_config(), run.metrics()
    settings = config["settings"]
    row = {"variant": name.partition("/")[0], "seed": settings["seed"]}
    collection, _, fold = settings.get("collection", "").partition("-fold-")
    if fold:
        row |= {"data": DATA[collection], "challenge": settings["challenge"], "fold": int(fold)}
    for key in ("source", "network", "architecture", "weights", "image_size", "fraction", "start", "round"):
        if key in settings:
            row[key] = settings[key] if not isinstance(settings[key], dict) else json.dumps(settings[key])
    recipe = settings.get("recipe", {})
    for key in RECIPE:
        outer, _, inner = key.partition(".")
        value = recipe.get(outer)
        row[key] = value.get(inner) if inner and isinstance(value, dict) else value
    row |= {"arttl": config["versions"].get("arttl"), "keras": config["versions"].get("keras")}
    return row | {key: value for key, value in metrics.items() if not key.endswith(("_head", "_middle", "_tail"))}


def bare(image_id):
    """An image's name without the part that it was in, in this fold."""
    return image_id.partition("/")[2]


if __name__ == "__main__":
    main()
