"""What each change of a setting is worth in test accuracy, beside a baseline."""

from __future__ import annotations

import pandas as pd

from arttl.base.errors import InputError
from arttl.base.markdown import markdown_table
from arttl.reports.comparing import IMAGES, METHOD, OUTCOMES, judged, paired_over_seeds
from arttl.runs.metrics import accuracy_interval, unpaired_difference

_GROUP = ["architecture", "approach", "variant"]
_COMPARED = ["difference", "difference_low", "difference_high", "covers", "paired", "result"]


def ablation_table(runs, baseline):
    """A DataFrame with one row for each architecture, approach and variant, averaged over seeds.

    Arguments:
        runs: pairs of variant name and complete RunFolder.
        baseline: name of the variant that the others are compared with.

    Columns: architecture, approach, variant, seeds, test_images; test_accuracy with low and high (Wilson, of the mean
    accuracy on that many images); difference from the baseline with low and high, in [-1, 1], what this interval covers
    (arttl.reports.comparing), `paired`: True where both were tested on the same images, and result, one of OUTCOMES,
    always "not decided" without that or enough seeds; epochs (mean), seconds (sum).

    Raises InputError when seeds of a variant were tested on different images.
    """
    frame = pd.DataFrame([_read(variant, folder) for variant, folder in runs])
    groups = dict(list(frame.groupby(_GROUP, sort=False)))
    rows = []
    for key, group in groups.items():
        correct = _correct(group)
        _, low, high = accuracy_interval(round(correct.sum()), len(correct))
        row = dict(zip(_GROUP, key, strict=True)) | {"seeds": len(group), "test_images": len(correct)}
        row |= {"test_accuracy": float(correct.mean()), "test_accuracy_low": low, "test_accuracy_high": high}
        row |= dict.fromkeys(_COMPARED) | {"covers": "", "result": ""}
        if key[2] != baseline:
            row |= _difference(group, groups[*key[:2], baseline])
        rows.append(row | {"epochs": group.epochs.mean(), "seconds": group.seconds.sum()})
    return pd.DataFrame(rows)


def ablation_markdown(table):
    """The table as Markdown; accuracies in percent, differences in points."""
    header = ("model", "approach", "variant", "test accuracy", "95% interval", "difference", "95% interval")
    header += ("result", "epochs")
    rows = []
    for row in table.itertuples():
        part = f" ({IMAGES})" if row.covers == IMAGES else ""
        paired = "" if pd.isna(row.difference) or row.paired else " (other test images)"
        compared = not pd.isna(row.difference)
        rows.append(
            (
                row.architecture,
                row.approach,
                row.variant,
                f"{row.test_accuracy:.1%}",
                f"{row.test_accuracy_low:.1%} to {row.test_accuracy_high:.1%}",
                f"{100 * row.difference:+.1f}{paired}" if compared else "",
                f"{100 * row.difference_low:+.1f} to {100 * row.difference_high:+.1f}{part}" if compared else "",
                row.result,
                f"{row.epochs:g}",
            )
        )
    seeds = f"Mean of {table.seeds.iloc[0]} seed(s). " if table.seeds.nunique() == 1 else ""
    note = f"Intervals of accuracies cover the draw of test images alone. Of differences: {METHOD}"
    return f"{markdown_table(header, rows)}\n\n{seeds}{note}"


def _read(variant, folder):
    settings, metrics = folder.read_config()["settings"], folder.metrics()
    try:
        return {
            "architecture": settings["architecture"],
            "approach": settings["recipe"]["approach"],
            "seed": settings["seed"],
            "variant": variant,
            "epochs": metrics["epochs"],
            "seconds": metrics["seconds"],
            "predictions": folder.predictions(),
        }
    except (KeyError, OSError) as error:
        raise InputError(f"{folder.path} holds damaged results ({error!r}); run again with force=True") from error


def _correct(group):
    """Share of seeds that were right, for each test image: a Series indexed by image_id."""
    columns = [
        pd.Series((each.label == each.predicted).to_numpy("float64"), index=each.image_id) for each in group.predictions
    ]
    if any(set(column.index) != set(columns[0].index) for column in columns):
        raise InputError(
            f"seeds of variant {group.variant.iloc[0]} were tested on different images; force=True makes them anew"
        )
    return pd.concat(columns, axis=1).mean(axis=1)


def _difference(group, reference):
    if set(group.predictions.iloc[0].image_id) == set(reference.predictions.iloc[0].image_id):
        found = paired_over_seeds(group, reference)
        values = [*(found[name] / 100 for name in ("difference", "low", "high")), found["covers"], True]
        return dict(zip(_COMPARED, [*values, judged(found, OUTCOMES)], strict=True))
    counts = ((round(each.sum()), len(each)) for each in map(_correct, (group, reference)))
    values = [*unpaired_difference(*counts), IMAGES, False, f"{OUTCOMES[0]} (other test images)"]
    return dict(zip(_COMPARED, values, strict=True))
