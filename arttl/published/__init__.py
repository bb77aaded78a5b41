"""The studies' published numbers and settings, as data: tables and their look-up, nothing of which runs or reads a run.

`chapter1` and `chapter2` have the tables as printed, `curves` what Figures 2, 3, 5, 8 and 9 are drawn from, `errata`
where print and plot differ, `appendix` what each source says of Chapter 2's settings.
"""

from __future__ import annotations

from arttl.base.lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
