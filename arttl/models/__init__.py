"""The four backbones, the classifier built on them, and their weights; two small networks besides.

Names load at first use: the table of backbones needs no Keras, and is wanted where nothing is trained.
"""

from __future__ import annotations

from arttl.base.lazy import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)
