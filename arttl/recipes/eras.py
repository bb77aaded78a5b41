"""How the Keras of 2018 computed, version by version, as one table of differences from today's.

Every value was measured on the real thing (tests/references/keras2018, docs/fidelity.md). Behaviour changed in
2.1.3, 2.1.5, 2.2.0 and 2.2.3, so an era stands for the versions between two of these.
"""

from __future__ import annotations

from dataclasses import dataclass

from arttl.base.errors import InputError


@dataclass(frozen=True)
class ResNet50Graph:
    """What differs between the ResNet50 graphs of 2018.

    Attributes:
        conv1_padding: "same", or "explicit" for three zeros on each side.
        pool1_padding: "none" (112 pixels become 55) or "explicit" for one zero on each side (56).
        last_pooling: side of the average pooling before the global one; 0 for none.
    """

    conv1_padding: str
    pool1_padding: str
    last_pooling: int


RESNET50_GRAPHS = {
    "2.1.2": ResNet50Graph("same", "none", 7),  # up to 2.1.4
    "2.1.6": ResNet50Graph("explicit", "none", 7),  # from 2.1.5
    "2.2.2": ResNet50Graph("explicit", "none", 0),  # from 2.2.0
    "2.2.4": ResNet50Graph("explicit", "explicit", 0),  # from 2.2.3
}


@dataclass(frozen=True)
class Numerics:
    """The layers, loss, optimiser and stopping rule that a version of Keras computes with.

    Attributes:
        era: the Keras version that the other settings were taken from, or "keras3".
        rmsprop_epsilon: default ε of RMSprop, where a recipe gives none.
        rmsprop_root: where RMSprop takes ε: "outside" lr g / (sqrt(v) + ε), or "inside" lr g / sqrt(v + ε).
        crossentropy: "clipped": probabilities are renormalised and clipped to [1e-7, 1 - 1e-7]; "keras3".
        frozen_batchnorm: what normalises in a frozen BatchNormalization while training: "batch" statistics or
            "moving" ones.
        frozen_updates: whether a frozen BatchNormalization still updates its moving statistics.
        moving_average: of a BatchNormalization: "plain", or "zero-debiased", whose first step discards the
            statistics that were there.
        moving_variance: the batch's variance as the average is fed with it: "plain", or "corrected" twice for
            the sample's size (by the fused operation and by Keras).
        resnet50: graph of ResNet50: a key of RESNET50_GRAPHS, or "keras3".
        early_stopping: "2018" or "keras3"; they differ only where the first validation loss is not a number.
    """

    era: str = "keras3"
    rmsprop_epsilon: float = 1e-7
    rmsprop_root: str = "inside"
    crossentropy: str = "keras3"
    frozen_batchnorm: str = "moving"
    frozen_updates: bool = False
    moving_average: str = "plain"
    moving_variance: str = "plain"
    resnet50: str = "keras3"
    early_stopping: str = "keras3"

    def __post_init__(self):
        for name, values in CHOICES.items():
            if getattr(self, name) not in values:
                choices = ", ".join(map(str, values))
                raise InputError(f"numerics.{name} cannot be {getattr(self, name)!r}; it takes {choices}")

    @property
    def batchnorm(self):
        """The settings of BatchNormalization, a dict: the arguments of BatchNormalization2018."""
        names = ("frozen_batchnorm", "frozen_updates", "moving_average", "moving_variance")
        return {name: getattr(self, name) for name in names}

    @property
    def own_batchnorm(self):
        """True when BatchNormalization is not Keras 3's."""
        return self.batchnorm != Numerics().batchnorm

    @property
    def is_today(self):
        """True for `keras3`, False for an era of 2018."""
        return self.era == "keras3"


CHOICES = {
    "rmsprop_root": ("outside", "inside"),
    "crossentropy": ("clipped", "keras3"),
    "frozen_batchnorm": ("batch", "moving"),
    "frozen_updates": (True, False),
    "moving_average": ("plain", "zero-debiased"),
    "moving_variance": ("plain", "corrected"),
    "resnet50": (*RESNET50_GRAPHS, "keras3"),
    "early_stopping": ("2018", "keras3"),
}


def _of_2018(era, epsilon=1e-7, updates=False, average="zero-debiased", variance="corrected"):
    return Numerics(era, epsilon, "outside", "clipped", "batch", updates, average, variance, era, "2018")


ERAS = {
    "2.1.2": _of_2018("2.1.2", 1e-8, updates=True, average="plain", variance="plain"),
    "2.1.6": _of_2018("2.1.6"),
    "2.2.2": _of_2018("2.2.2"),
    "2.2.4": _of_2018("2.2.4"),
    "keras3": Numerics(),
}


def get_numerics(numerics):
    """The table's row for a name; a Numerics is returned as it is.

    Raises InputError for an unknown name, with the known ones.
    """
    if isinstance(numerics, Numerics):
        return numerics
    if numerics not in ERAS:
        raise InputError(f"numerics={numerics!r} is not known; there are {', '.join(ERAS)}")
    return ERAS[numerics]
