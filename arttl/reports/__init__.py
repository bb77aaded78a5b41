"""Tables, figures and pages from run folders, beside the published numbers. Names load at first use."""

from __future__ import annotations

from arttl.base.lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
