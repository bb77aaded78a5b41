"""The benchmark of step times builds every network of Chapter 2 as its study trains it."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import step_times

SMALL = [case for case in step_times.CASES if case.chapter == 2 and case.network != "resnet50" and case.size <= 32]


@pytest.mark.parametrize("case", SMALL, ids=lambda case: case.name)
def test_a_network_of_chapter_2_is_built_and_pruned(case):
    model, batch = step_times.built(case)
    assert batch == 64  # the appendix; Frankle and Carbin's code for MNIST
    assert model.input_shape[1:3] == (case.size, case.size)
    kernels = [np.asarray(layer.kernel) for layer in model.layers if layer.name != "head" and hasattr(layer, "kernel")]
    zeros = sum((kernel == 0).sum() for kernel in kernels) / sum(kernel.size for kernel in kernels)
    assert zeros == pytest.approx(0.5, abs=0.05)  # of all that are pruned, which are nearly all
