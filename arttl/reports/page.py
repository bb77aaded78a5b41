"""index.html: the whole report, or the figures as published, in one file that asks nothing of the network."""

from __future__ import annotations

import base64
import datetime
import hashlib
from dataclasses import replace
from itertools import accumulate, groupby

import jinja2
from markupsafe import Markup

from arttl import __version__
from arttl.base.wording import counted, first_few, shown_path
from arttl.published.curves import SOURCE
from arttl.recipes.overrides import flattened
from arttl.reports.confusions import OTHERS

NAMED = 4  # collections in the title
PUBLISHED = "Figures 2, 3, 5, 8 and 9 as published"
PAIRS = 5  # confused pairs written out below a matrix
HEATS = 5  # shades of a confusion matrix, see page.css
_OWN2 = ("ticket-findings", "searches")  # of Chapter 2's tables those that are not the thesis'
_KEPT_SHORT = ("class_names", "dropped_classes", "deviations")  # of config.json: their number only, or shown elsewhere


def render_page(collected, chapter1, chapter2, errata):
    """The page as text.

    Arguments:
        collected: what collect_runs() returned; its left_out may list Chapter 2's folders too.
        chapter1: a dict, as report.write_chapter1 returns it, or None for a page without Chapter 1.
        chapter2: a tickets.sections.Chapter2, or None.
        errata: the Table of them.

    Whatever the runs' labels and settings hold is shown as text: Jinja2 escapes all of it, and the page's Content
    Security Policy lets only its own style and script work, which it knows by their hashes.
    """
    names = [*sorted(set(collected.all_runs.collection)), *(chapter2.targets if chapter2 else ())]
    return _rendered(
        "page.html",
        title=f"Results: {first_few(dict.fromkeys(names), NAMED)}" if names else "Results",
        root=shown_path(collected.root),
        counts=_counts(collected, chapter1, chapter2),
        chapter1=chapter1 and _chapter1(collected, **chapter1),
        chapter2=chapter2,
        own2=[each for each in chapter2.tables if each.name in _OWN2] if chapter2 else [],
        tables2=[each for each in chapter2.tables if each.name not in _OWN2] if chapter2 else [],
        errata=errata,
        left_out=[(shown_path(folder), shown_path(reason)) for folder, reason in collected.left_out],
    )


def render_published(figures, errata):
    """The page of the figures as published, as text.

    Arguments:
        figures: list of dicts as render_page's, each with its name.
        errata: the Table of them.
    """
    return _rendered("published.html", title=PUBLISHED, source=SOURCE, figures=figures, errata=errata)


def _rendered(template, **content):
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("arttl.reports"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    style, script = (_own_text(environment, name) for name in ("page.css", "page.js"))
    environment.globals |= {"groups": column_groups, "own_first": own_first, "naming": naming_column}
    return environment.get_template(template).render(
        created=datetime.date.today().isoformat(),
        version=__version__,
        policy=policy(style, script),
        style=Markup(style),
        script=Markup(script),
        **content,
    )


def policy(style, script):
    """The Content Security Policy that allows this style and this script, pictures in the page, and nothing else."""
    allowed = {"style-src": style, "script-src": script}
    hashes = "; ".join(f"{kind} 'sha256-{_sha256(text)}'" for kind, text in allowed.items())
    return f"default-src 'none'; img-src data:; {hashes}; base-uri 'none'; form-action 'none'"


def column_groups(table):
    """A table's groups of columns: a list of (name, number of columns); name is "" for columns of no group."""
    return [(name, len(list(columns))) for name, columns in groupby(group for group, _ in table.columns)]


def own_first(table):
    """A Table whose groups of columns without any value of the reader's own runs come last, and without empty columns.

    Arguments:
        table: a Table; of a group of columns the first one has the values, and stays though it is empty.
    """
    ends = list(accumulate(width for _, width in column_groups(table)))
    places = [range(end - width, end) for end, (_, width) in zip(ends, column_groups(table), strict=True)]
    full = {place for place in range(len(table.columns)) if any(row[place].text for row in table.rows)}
    others = [each for each in places if table.columns[each[0]][0] and each[0] not in full]
    full |= {each[0] for each in others} | {place for place, (group, _) in enumerate(table.columns) if not group}
    order = [place for each in sorted(places, key=others.__contains__) for place in each if place in full]
    return replace(
        table,
        columns=[table.columns[place] for place in order],
        rows=[[row[place] for place in order] for row in table.rows],
    )


def naming_column(table):
    """Which of a Table's first columns tells its rows apart best: it stays where it is when the others are scrolled."""
    names = range(next((place for place, (group, _) in enumerate(table.columns) if group), len(table.columns)))
    texts = [place for place in names if all(row[place].sort is None for row in table.rows)] or [0]
    return max(texts, key=lambda place: (len({row[place].text for row in table.rows}), -place))


def _own_text(environment, name):
    source, *_ = environment.loader.get_source(environment, name)
    return source


def _sha256(text):
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _counts(collected, chapter1, chapter2):
    counts = [counted(len(collected.all_runs), "complete run")] if chapter1 else []
    counts += [f"{'of Chapter 2 ' if chapter1 else ''}{chapter2.counts}"] if chapter2 else []
    counts += [f"{counted(len(collected.left_out), 'run folder')} left out"] if collected.left_out else []
    return ", ".join(counts)


def _chapter1(collected, own, **shown_too):
    def with_matrix(part):
        return part | {"matrix": part["confusions"] and _matrix(part["confusions"])}

    own = [each | {"parts": [with_matrix(part) for part in each["parts"]]} for each in own]
    return {"own": own, **shown_too, "settings": [_settings(run) for run in collected.all_runs.itertuples()]}


def _matrix(each):
    """A confusion matrix for the template; shades tell a count's share of its class."""
    sizes = each.counts.sum(axis=1)
    rows = []
    for name, counts, size in zip(each.classes, each.counts, sizes, strict=True):
        shades = [0 if not count else 1 + int((HEATS - 1) * count / size) for count in counts]
        rows.append((name, list(zip(counts.tolist(), shades, strict=True))))
    return {
        "columns": [*each.classes, OTHERS],
        "rows": rows,
        "pairs": each.pairs.head(PAIRS).to_dict("records"),
    }


def _settings(run):
    config = {name: value for name, value in run.config.items() if name not in _KEPT_SHORT}
    short = {f"number of {name}": len(run.config.get(name, ())) for name in _KEPT_SHORT[:2]}
    values = flattened({**config, **short, "metrics": run.metrics})
    lines = [(name, str(value)) for name, value in values.items()]
    return {"folder": shown_path(run.folder), "deviations": run.deviations, "lines": lines}
