"""Chapter 2: lottery tickets, found on one data set and trained on another."""

from arttl.chapter2.search import run_searches

__all__ = ["run_searches"]
