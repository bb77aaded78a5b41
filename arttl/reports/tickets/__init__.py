"""Chapter 2 of the report: searches for tickets, and networks trained from them. Names load at first use."""

from __future__ import annotations

from arttl.base.lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
