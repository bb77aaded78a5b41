"""What the page begins with: of each collection and challenge the best result, what was tried, and its mistakes."""

from __future__ import annotations

from arttl.base.names import distinct_names, safe_name
from arttl.base.wording import counted
from arttl.reports.classes import classes_table
from arttl.reports.comparison import interval_words, tried_table
from arttl.reports.figures import figure_about
from arttl.reports.learning import learning_curves

_CURVES = "Drawn through: validation images; dotted: training images; a line for each seed."


def overview(found, confused, galleries, folder):
    """Draw the learning curves, and gather what the page shows of each Task.

    Arguments:
        found: list of Tasks.
        confused: list of their Confusions.
        galleries: list of their Galleries.
        folder: the report's.

    Returns a list of dicts: name (an id), title, lead, table, curves, and parts: a list of dicts, the best result
    first, of title, classes (a Table), confusions and gallery (None without mistakes).

    Raises InputError if a figure cannot be written.
    """
    names = distinct_names({task.title: (safe_name(f"curves-{task.title.replace(': ', '-')}"), "") for task in found})
    drawn = [_section(task, names[task.title], confused, galleries, folder) for task in found]
    current = {path for each in drawn for path in each["curves"]["files"]}
    for old in folder.glob("curves-*.p[nd][gf]"):  # of a former report
        if old not in current:
            old.unlink()
    return drawn


def _section(task, name, confused, galleries, folder):
    title = f"Learning curves: {task.title}"
    return {
        "name": name.replace("curves-", "results-", 1).replace(" ", "-"),
        "title": task.title,
        "lead": _lead(task),
        "table": tried_table(task),
        "curves": figure_about(learning_curves(task), folder, name, title, _CURVES, ""),
        "parts": [_part(task, each, confused, galleries) for each in _best_first(task)],
    }


def _lead(task):
    """The best result in words: a dict of accuracy, interval, best, chosen, majority, answer, facts and tried."""
    best, (share, most) = task.best, task.majority
    lead = dict.fromkeys(("accuracy", "interval", "best", "chosen", "majority"), "")
    lead |= {"facts": task.facts, "answer": most}
    lead["tried"] = counted(sum(len(each.runs) for each in task.tried), "run")
    if best is None:
        return lead
    lead |= {"accuracy": f"{best.test['accuracy']:.1f}%", "interval": interval_words(best), "best": best.title}
    lead["majority"] = "" if share is None else f"{share:.1f}%"
    highest = task.tried[0]
    if best.validation is not None and len(task.tried) > 1:
        lead["chosen"] = f"Chosen for the highest validation accuracy ({best.validation:.1f}%)."
        if highest.test["accuracy"] > best.test["accuracy"]:
            lead["chosen"] += (
                f" {highest.title} has {highest.test['accuracy']:.1f}% on the test images; to choose by these would "
                "flatter the result."
            )
    return lead


def _best_first(task):
    return sorted((each for each in task.tried if not each.problem), key=lambda each: each is not task.best)


def _part(task, tried, confused, galleries):
    """What the page unfolds of what was tried once."""
    matrix, gallery = (
        next((one for one in every if (one.key, one.title) == (tried.key, tried.title)), None)
        for every in (confused, galleries)
    )
    seeds = ", ".join(map(str, tried.runs.seed))
    title = f"{tried.title}, seed{'s' * (len(tried.runs) > 1)} {seeds}"
    return {
        "title": title,
        "classes": classes_table(tried, task.images),
        "confusions": matrix,
        "gallery": gallery,
    }
