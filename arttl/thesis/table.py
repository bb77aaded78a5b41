"""The plan of the whole thesis as a table: what experiments/thesis.py --dry-run prints."""

from __future__ import annotations

import pandas as pd

from arttl.base.assumed import EPOCHS
from arttl.base.errors import InputError
from arttl.base.files import write_table
from arttl.base.markdown import markdown_table
from arttl.base.steps import StepTimes
from arttl.base.wording import bytes_text, counted, shown_path
from arttl.runs.costs import cost
from arttl.thesis.runs import FIGURE4, shared_images, thesis_runs

SUMS = ["runs", "steps", "cpu_hours", "core_hours", "gpu_hours_estimate", "disk_bytes"]


def run_thesis(options):
    """Do what experiments/thesis.py was asked for.

    Arguments:
        options: the namespace of arttl.cli.thesis_parser.thesis_parser.

    Raises InputError without --dry-run, since the data are the user's, and for step times that are not there.
    """
    if not options.dry_run:
        raise InputError(
            "this script only plans: give --dry-run; to do the thesis run experiments/ch1_all.py and "
            "experiments/ch2_all.py with your data (docs/reproduce.md)"
        )
    times = StepTimes.read(options.step_times)
    epochs = {name: number for given in options.epochs for name, number in given.items()}
    runs = thesis_runs(options.output, options.chapter)
    costs = [cost(run, times, options.tflops, epochs) for run in runs]
    if options.list:
        for run, each in zip(runs, costs, strict=True):
            print(
                f"{shown_path(run.folder)}  ({run.experiment}; {run.data.title}; {_hours(each.cpu_seconds / 3600)} h)"
            )
    table = plan_table(runs, costs)
    if options.csv:
        write_table(options.csv, table)
    print("\n\n".join([shown_table(table), shown_totals(table), notes(times, options.tflops, EPOCHS | epochs)]))


def plan_table(runs, costs):
    """The runs in groups, and what they share on the disk.

    Arguments:
        runs: PlannedRuns.
        costs: their Costs.

    Returns a DataFrame with one row a group: chapter, experiment, data, network, image_size, runs, product (the number
    of runs written out), trainings (of each run), images_least, images_most (for training), epochs, steps, cpu_hours,
    core_hours, gpu_hours_estimate, disk_bytes.
    """
    groups = {}
    for run, each in zip(runs, costs, strict=True):
        groups.setdefault((run.chapter, run.experiment, run.network, run.image_size), []).append((run, each))
    rows = [_group_row(key, members) for key, members in groups.items()] + _shared_rows(runs)
    return pd.DataFrame(rows).sort_values("chapter", kind="stable", ignore_index=True)


def _group_row(key, members):
    runs, costs = zip(*members, strict=True)
    images = [run.data.train for run in runs]
    titles = list(dict.fromkeys(run.data.title for run in runs))
    return {
        **dict(zip(("chapter", "experiment", "network", "image_size"), key, strict=True)),
        "data": ", ".join(titles),
        "runs": len(runs),
        "product": product([run.factors for run in runs]),
        "trainings": runs[0].trainings,
        "images_least": min(images),
        "images_most": max(images),
        "epochs": costs[0].epochs,
        "steps": sum(each.steps for each in costs),
        "cpu_hours": sum(each.cpu_seconds for each in costs) / 3600,
        "core_hours": sum(each.core_seconds for each in costs) / 3600,
        "gpu_hours_estimate": sum(each.gpu_seconds for each in costs) / 3600,
        "disk_bytes": sum(each.disk for each in costs),
    }


def product(factors):
    """A number of runs as a product, such as "6 targets x 3 sources x 31 rounds x 4 seeds".

    Arguments:
        factors: for each run its pairs of a noun and a value, all with the same nouns.

    A noun by which the number does not grow, given those before it, is left out, but for the last. Where one grows
    it unevenly the product is the number of runs.
    """
    nouns = [noun for noun, _ in factors[0]]
    prefixes = [len({each[: length + 1] for each in factors}) for length in range(len(nouns))]
    words, before = [], 1
    for noun, number in zip(nouns, prefixes, strict=True):
        if number % before:
            return counted(len(factors), "run")
        if number > before or noun in (nouns[0], nouns[-1]):
            words.append(counted(number // before, noun))
        before = number
    return " x ".join(words)


def _shared_rows(runs):
    """A row for each collection of decoded images and each X in --cache."""
    return [
        {
            "chapter": each.chapter,
            "experiment": f"--cache: {each.what}",
            "data": each.title,
            "network": each.network,
            "image_size": each.image_size,
            "runs": 0,
            "product": f"{each.images:,} images x {each.values:,} bytes",
            "trainings": 0,
            "images_least": 0,
            "images_most": 0,
            "epochs": 0,
            "steps": 0,
            "cpu_hours": 0.0,
            "core_hours": 0.0,
            "gpu_hours_estimate": 0.0,
            "disk_bytes": each.images * each.values,
        }
        for each in shared_images(runs)
    ]


def shown_table(table):
    """The table in Markdown, decoded images and features of a chapter each in one row."""
    columns = ["chapter", "experiment", "data", "network", "pixels", "runs", "", "training images", "epochs", "steps"]
    columns += ["CPU hours", "GPU hours (estimate)", "disk"]
    shared = table.runs == 0
    rows = [_shown_row(row) for row in table[~shared].itertuples()]
    for (chapter, name), part in table[shared].groupby(["chapter", "experiment"], sort=False):
        disk = bytes_text(part.disk_bytes.sum())
        rows.append([str(chapter), name, counted(part.data.nunique(), "collection"), *[""] * 9, disk])
    return markdown_table(columns, sorted(rows, key=lambda row: row[0]))


def _shown_row(row):
    names = row.data.split(", ") if row.chapter == 2 else [row.data.split(", ")[0]]
    images = f"{row.images_least:,}" + (f"-{row.images_most:,}" if row.images_most > row.images_least else "")
    trained = row.experiment != FIGURE4
    return [
        str(row.chapter),
        row.experiment,
        ", ".join(names) if len(names) < 4 else counted(len(names), "data set"),
        row.network,
        str(row.image_size),
        f"{row.runs:,}",
        row.product + (f" ({row.trainings} trainings each)" if row.trainings > 1 else ""),
        images if trained else "",
        str(row.epochs) if trained else "",
        f"{row.steps:,}" if trained else "",
        _hours(row.cpu_hours) if trained else "",
        _hours(row.gpu_hours_estimate) if trained else "",
        bytes_text(row.disk_bytes) if trained else "",
    ]


def shown_totals(table):
    """Totals of each chapter and of all, in Markdown."""
    parts = {f"Chapter {number}": table[table.chapter == number] for number in sorted(set(table.chapter))}
    rows = []
    for title, part in (parts | {"in all": table}).items():
        sums = part[SUMS].sum()
        hours = _hours(sums.cpu_hours), _hours(sums.core_hours), _hours(sums.gpu_hours_estimate)
        rows.append([title, f"{sums.runs:,.0f}", f"{sums.steps:,.0f}", *hours, bytes_text(sums.disk_bytes)])
    return markdown_table(["", "runs", "steps", "CPU hours", "processor hours", "GPU hours (estimate)", "disk"], rows)


def notes(times, tflops, epochs):
    """What the numbers rest on, in words."""
    assumed = ", ".join(f"{approach} {number}" for approach, number in epochs.items())
    return "\n".join(
        [
            f"epochs are assumed ({assumed}): early stopping decides them; --epochs gives others",
            f"CPU hours: measured steps ({times.path}: {times.origin})",
            "processor hours: the time that these steps used of all cores together; over the number of cores, what a "
            "machine without other work needs at the least",
            f"GPU hours: an estimate, nothing was measured: operations of the networks at {tflops:g} x 10^12 a second "
            "(--tflops); small networks and images take longer than that",
            "not counted: reading and decoding images, compiling, checkpoints of runs under way, the pictures",
        ]
    )


def _hours(number):
    return f"{number:,.0f}" if number >= 100 else f"{number:,.1f}" if number >= 0.1 else f"{number:.3f}"
