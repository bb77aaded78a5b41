"""The moving statistics of BatchNormalization, where they are not made as the study makes them."""

from __future__ import annotations

from dataclasses import dataclass

from arttl.base.deviation import Deviation
from arttl.published.chapter2 import BATCHNORM as STUDY


@dataclass(frozen=True)
class BatchNorm:
    """How the moving statistics of BatchNormalization are made.

    Attributes:
        momentum: of their moving average; None is the network's own (Keras': 0.99).
        recalibrate: whether they are re-estimated on the training images before each validation.
    """

    momentum: float | None = None
    recalibrate: bool = False

    @property
    def settings(self):
        """What a run's settings say of it: a dict."""
        momentum = {} if self.momentum is None else {"momentum": self.momentum}
        return STUDY | momentum | {"recalibrate": self.recalibrate}

    @property
    def is_the_studys(self):
        """Whether nothing departs from the study."""
        return self == AS_STUDIED

    def deviations(self):
        """A list of Deviations, for a run's config.json."""
        found = []
        if self.momentum is not None:
            line = f"BatchNormalization's momentum is {self.momentum}, not Keras' own"
            found.append(Deviation("batchnorm.momentum", line, self.momentum))
        if self.recalibrate:
            line = "BatchNormalization's statistics are re-estimated before each validation"
            found.append(Deviation("batchnorm.recalibrate", line, True, False))
        return found


AS_STUDIED = BatchNorm()
