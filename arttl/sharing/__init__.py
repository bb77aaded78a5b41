"""A run's result as a folder to share, and pictures classified with it.

Names that need more than the standard library load at first use.
"""

from __future__ import annotations

from arttl.base.lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
