"""The ablation's table on runs written by hand: its intervals and verdicts are those of every other comparison."""

import numpy as np
import pytest
from report_runs import answers, write_run

from arttl.reports.ablation import ablation_markdown, ablation_table
from arttl.runs import RunFolder
from arttl.runs.metrics import difference_over_seeds, unpaired_difference


def ablation(root, seeds, **variants):
    """The table of a baseline that is right on every other image, and of variants by their answers."""
    runs = [
        (name, RunFolder(write_run(root / name, seed=seed, predictions=answers(right))))
        for name, right in {"baseline": "10" * 20, **variants}.items()
        for seed in seeds
    ]
    return ablation_table(runs, "baseline")


def test_variants_are_better_or_worse_by_seeds_and_images_together(tmp_path):
    table = ablation(tmp_path, (1, 2, 3), more="1" * 40, less="0" * 40, same="10" * 20, apart="1" * 30)
    table = table.set_index("variant")
    half = np.repeat([[1], [0]], 3, axis=1).repeat(20, axis=0)
    expected = difference_over_seeds(np.ones((40, 3)), half)
    assert table.loc["more", ["difference", "difference_low", "difference_high"]].tolist() == pytest.approx(expected)
    assert table.result[1:].tolist() == ["better", "worse", "not decided", "not decided (other test images)"]
    assert table.covers[1:].tolist() == ["seeds and images"] * 3 + ["images alone"]
    apart = table.loc["apart", ["difference", "difference_low", "difference_high"]].tolist()
    assert apart == pytest.approx(unpaired_difference((30, 30), (20, 40)))


def test_one_seed_decides_nothing(tmp_path):
    table = ablation(tmp_path, (1,), more="1" * 40)
    assert table.result.tolist() == ["", "not decided (one seed)"]
    assert "(images alone) | not decided (one seed) |" in ablation_markdown(table)
