"""The table a script prints when its runs are done."""

from __future__ import annotations

from arttl.base.errors import InputError
from arttl.base.markdown import markdown_table

_COLUMNS = (
    "model",
    "approach",
    "from",
    "classifier",
    "seed",
    "test accuracy",
    "95% interval",
    "majority class",
    "epochs",
    "time",
)


def summary_table(folders):
    """A Markdown table, aligned for reading, with one row for each complete run folder.

    Arguments:
        folders: RunFolders.

    Returns text. Every number is read from the folders' config.json and metrics.json.
    """
    rows = [_row(folder) for folder in folders if folder.is_complete]
    columns = [name for name in _COLUMNS if not rows or any(row[name] for row in rows)]
    return markdown_table(columns, [[row[name] for name in columns] for row in rows])


def _row(folder):
    try:
        return dict(zip(_COLUMNS, _cells(folder.read_config()["settings"], folder.metrics()), strict=True))
    except InputError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{folder.path} holds damaged results ({error!r}); run again with force=True") from error


def _cells(settings, metrics):
    minutes, seconds = divmod(round(metrics["seconds"]), 60)
    return (
        settings["architecture"],
        settings["recipe"]["approach"],
        settings.get("source", ""),
        settings.get("classifier", ""),
        str(settings["seed"]),
        f"{metrics['test_accuracy']:.1%}",
        f"{metrics['test_accuracy_low']:.1%} to {metrics['test_accuracy_high']:.1%}",
        f"{metrics['majority_accuracy']:.1%}",
        f"{metrics['tested_epoch']} of {metrics['epochs']}" if "epochs" in metrics else "-",
        f"{minutes} min {seconds} s" if minutes else f"{seconds} s",
    )
