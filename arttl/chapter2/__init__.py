"""Chapter 2: lottery tickets, found on one data set and trained on another."""

from arttl.chapter2.lth import run_lth
from arttl.chapter2.search import run_searches
from arttl.chapter2.studies import run_study
from arttl.chapter2.transfer import run_transfers

__all__ = ["run_lth", "run_searches", "run_study", "run_transfers"]
