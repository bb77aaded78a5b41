"""Transfer learning from natural images to art: two studies reproduced, their methods for your own models.

Public names load at first use, so that `import arttl` costs little and imports no Keras backend.
"""

from __future__ import annotations

from arttl.base.lazy import attach
from arttl.base.registration import register_with_keras

__version__ = "0.1.0"

_HIDDEN = {"eras": "arttl.recipes", "features": "arttl.training", "metrics": "arttl.runs"}
__getattr__, __dir__, __all__ = attach(__name__, __file__, _HIDDEN)

register_with_keras()
