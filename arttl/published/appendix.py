"""Chapter 2's settings as each source states them.

Sources: the thesis' text (Chapter 2), the appendix that it refers to ("How to Identify Lottery Winners"), and the text
of the finished thesis; the last two are from the author's public sources of 2022 (github.com/paintception/phd-thesis).
"""

from __future__ import annotations

from typing import NamedTuple

NOT_SAID = "not said"


class Setting(NamedTuple):
    """What three texts say of one setting, in their words cut short; NOT_SAID where they do not.

    Attributes:
        name: the setting, as recipes and searches here call it where they have it.
        thesis: the thesis' text.
        appendix: its appendix.
        later: the text of 2022 where it says another thing than the thesis'.
    """

    name: str
    thesis: str = NOT_SAID
    appendix: str = NOT_SAID
    later: str = NOT_SAID


SETTINGS = (
    Setting("network", "ResNet-50", "ResNet-50: bottleneck blocks 3, 4, 6, 3; average pooling; linear layer"),
    Setting("initial weights", NOT_SAID, "Xavier; uniform or normal not said"),
    Setting("image", NOT_SAID, "a random crop of 224 x 224, no other augmentation; no other size is given"),
    Setting("batch_size", NOT_SAID, "64"),
    Setting("optimizer.name", NOT_SAID, "SGD"),
    Setting("optimizer.learning_rate", NOT_SAID, "0.1"),
    Setting("optimizer.momentum", NOT_SAID, "0.9"),
    Setting("optimizer.nesterov", NOT_SAID, "yes"),
    Setting("optimizer.weight_decay", NOT_SAID, '1e-5, a "weight decay factor"; L2 or decoupled not said'),
    Setting("optimizer.schedule", NOT_SAID, "annealed at epochs 50, 60, 75; by which factor not said"),
    Setting("patience", "early stopping; patience not said", "5 epochs, of the validation loss"),
    Setting("criterion", "lowest magnitude", "lowest magnitude", "whole channels of a layer by L1 norm"),
    Setting("scope", NOT_SAID, NOT_SAID, "layer by layer"),
    Setting("rate", "20%", "20%"),
    Setting("rewind", "late resetting to θ_k, after epoch k; k not said", "after epoch 2"),
    Setting("rounds", "31; plotted from 0 to 30", NOT_SAID),
    Setting("seeds", "4", "4", "5"),
)
"""In the order in which they are shown."""


def setting(name):
    """The Setting of this name, or None where no text speaks of it."""
    return next((each for each in SETTINGS if each.name == name), None)
