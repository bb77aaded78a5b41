"""Tables, figures and pages from run folders, beside the published numbers. Names load at first use."""

from __future__ import annotations

from arttl.base.lazy import attach

_NAMES = {
    "Pictures": "pictures",
    "accuracy_curves": "figures",
    "accuracy_table": "tables",
    "classes_table": "classes",
    "classifiers_table": "classifiers",
    "collect_runs": "collect",
    "collections_table": "table1",
    "errata_table": "errata",
    "findings_table": "findings",
    "frequency_table": "tables",
    "learning_curves": "learning",
    "open_pictures": "pictures",
    "published_figure": "published_figures",
    "runs_table": "tables",
    "saliency_figure": "saliency",
    "sample_pictures": "figures",
    "sample_rows": "figures",
    "tasks": "tried",
    "tried_table": "comparison",
}

__getattr__, __dir__, __all__ = attach(__name__, _NAMES, modules=["tickets"])
