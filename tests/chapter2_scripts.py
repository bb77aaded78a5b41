"""What tests of Chapter 2's scripts share."""

import pandas as pd

from arttl.runs import RunFolder

SCRIPTS = ("find_tickets", "transfer_tickets", "lth_mnist", "additional_studies")
FIND, TRANSFER, LTH, STUDY = ({"name": f"ch2_{name}.py"} for name in SCRIPTS)
TINY = ["--network", "resnet20", "--image-size", "8", "--epochs", "2"]


def results(folder):
    """What a run folder holds, without its times."""
    history = RunFolder(folder).history().drop(columns="seconds")
    metrics = {key: value for key, value in RunFolder(folder).metrics().items() if "seconds" not in key}
    return history, metrics, RunFolder(folder).predictions()


def assert_same_results(one, other):
    for mine, theirs in zip(results(one), results(other), strict=True):
        if isinstance(mine, dict):
            assert mine == theirs
        else:
            pd.testing.assert_frame_equal(mine, theirs)
