"""Chapter 2 of the report: searches for tickets, and networks trained from them. Names load at first use."""

from __future__ import annotations

from arttl.base.lazy import attach

_NAMES = {
    "accuracy_table": "tables",
    "batchnorm_table": "batchnorm",
    "collect_tickets": "collect",
    "figure5": "lottery",
    "figure8": "figures",
    "figure9": "figures",
    "findings_table": "findings",
    "fractions_table": "tables",
    "lottery_series": "lottery",
    "make_series": "series",
    "rounds_table": "sections",
    "search_figure": "searches",
    "searches_table": "searches",
    "target_samples": "samples",
    "targets_table": "tables",
}

__getattr__, __dir__, __all__ = attach(__name__, _NAMES)
