"""index.html: the whole report, or the figures as published, in one file that asks nothing of the network."""

from __future__ import annotations

import base64
import datetime
import hashlib
from itertools import groupby

import jinja2
from markupsafe import Markup

from arttl import __version__
from arttl.base.wording import counted, shown, shown_path
from arttl.published.curves import SOURCE
from arttl.recipes.overrides import flattened
from arttl.reports.collect import EXPERIMENTS, cell_title
from arttl.reports.confusions import OTHERS

TITLE = "From natural images to art: results beside the study's"
PUBLISHED = "Figures 2, 3, 5, 8 and 9 as published"
PAIRS = 5  # confused pairs written out below a matrix
HEATS = 5  # shades of a confusion matrix, see page.css
_SECTIONS = {
    "figures": "Figures",
    "confusions": "Most confused classes",
    "mistakes": "Worst mistakes",
    "runs": "Runs",
    "settings": "Settings",
    "left-out": "Left out",
}
_SECTIONS2 = {
    "tickets-figures": "Figures of Chapter 2",
    "searches-figures": "Plots of the searches",
    "tickets-settings": "Settings of Chapter 2",
}
_KEPT_SHORT = ("class_names", "dropped_classes", "deviations")  # of config.json: their number only, or shown elsewhere


def render_page(collected, chapter1, chapter2, errata):
    """The page as text.

    Arguments:
        collected: what collect_runs() returned; its left_out may list Chapter 2's folders too.
        chapter1: a dict, as report.write_chapter1 returns it, or None for a page without Chapter 1: tables (Tables 1, 2
            and 3, accuracy by class frequency, the classifiers on X, and the findings), runs (the Table of runs),
            figures (list of dicts: title, caption, alt, and picture (a data: address) or missing (why there is none)),
            confusions (list of Confusions), galleries (list of Galleries).
        chapter2: a tickets.sections.Chapter2, or None.
        errata: the Table of them.

    Whatever the runs' labels and settings hold is shown as text: Jinja2 escapes all of it, and the page's Content
    Security Policy lets only its own style and script work, which it knows by their hashes.
    """
    return _rendered(
        "page.html",
        title=TITLE,
        root=shown_path(collected.root),
        counts=_counts(collected, chapter1, chapter2),
        contents=_contents(chapter1, chapter2, errata),
        chapter1=chapter1 and _chapter1(collected, **chapter1),
        chapter2=chapter2,
        errata=errata,
        left_out=[(shown_path(folder), shown_path(reason)) for folder, reason in collected.left_out],
    )


def render_published(figures, errata):
    """The page of the figures as published, as text.

    Arguments:
        figures: list of dicts as render_page's, each with its name.
        errata: the Table of them.
    """
    contents = [(each["name"], each["title"].partition(":")[0]) for each in figures]
    contents.append((errata.name, _short_title(errata)))
    return _rendered(
        "published.html", title=PUBLISHED, source=SOURCE, contents=contents, figures=figures, errata=errata
    )


def _rendered(template, **content):
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("arttl.reports"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    style, script = (_own_text(environment, name) for name in ("page.css", "page.js"))
    environment.globals["groups"] = column_groups
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


def title(key, seeds):
    """A cell in full: "Rijksmuseum, type: ResNet50 fine tuning, seed 42"."""
    which = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {', '.join(map(str, seeds))}"
    return f"{EXPERIMENTS[key['experiment']]}, {shown(key['challenge'])}: {cell_title(key)}, {which}"


def _own_text(environment, name):
    source, *_ = environment.loader.get_source(environment, name)
    return source


def _sha256(text):
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _counts(collected, chapter1, chapter2):
    counts = [counted(len(collected.runs), "complete run")] if chapter1 else []
    counts += [f"{'of Chapter 2 ' if chapter1 else ''}{chapter2.counts}"] if chapter2 else []
    counts += [f"{counted(len(collected.left_out), 'run folder')} left out"] if collected.left_out else []
    return ", ".join(counts)


def _contents(chapter1, chapter2, errata):
    """The page's links to itself: pairs of id and words."""
    links = [(table.name, _short_title(table)) for table in chapter1["tables"]] if chapter1 else []
    links += [each for each in _SECTIONS.items() if each[0] != "left-out"] if chapter1 else []
    if chapter2:
        links += [(table.name, _short_title(table)) for table in chapter2.tables]
        links += _SECTIONS2.items()
    return [*links, (errata.name, _short_title(errata)), ("left-out", _SECTIONS["left-out"])]


def _short_title(table):
    return table.title.partition(":")[0]


def _chapter1(collected, tables, runs, figures, confusions, galleries):
    return {
        "tables": tables,
        "runs": runs,
        "figures": figures,
        "confusions": [_matrix(each) for each in confusions],
        "galleries": [{"title": title(each.key, [each.seed]), **vars(each)} for each in galleries],
        "settings": [_settings(run) for run in collected.runs.itertuples()],
    }


def _matrix(each):
    """A confusion matrix for the template; shades tell a count's share of its class."""
    sizes = each.counts.sum(axis=1)
    rows = []
    for name, counts, size in zip(each.classes, each.counts, sizes, strict=True):
        shades = [0 if not count else 1 + int((HEATS - 1) * count / size) for count in counts]
        rows.append((name, list(zip(counts.tolist(), shades, strict=True))))
    return {
        "title": title(each.key, each.seeds),
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
