"""Float32 with products in bfloat16: tried before it is believed, and never left behind unnoticed."""

import json
from pathlib import Path

import forked
import keras
import pytest

from arttl.base.errors import InputError
from arttl.training import fast_float32, layers_compute_in
from arttl.training.computing import Computing
from arttl.training.precision import computed_by

BACKEND = keras.backend.backend()


@pytest.fixture
def processor(monkeypatch):
    """Stands for a processor whose products round their factors as asked, unless it is stuck."""
    state = {"rounds": False, "stuck": False}

    def write(wanted):
        if not state["stuck"]:
            state["rounds"] = wanted

    monkeypatch.setattr(fast_float32, "_WRITE", {BACKEND: write})
    monkeypatch.setattr(fast_float32, "_on", set())
    monkeypatch.setattr(fast_float32, "rounds_factors", lambda: state["rounds"])
    return state


@pytest.mark.core
def test_a_convolution_of_float32_keeps_its_factors_whole():
    assert not fast_float32.rounds_factors()  # 576 * (1 + 2 ** -12), which float32 holds exactly, and not 576


def test_layers_stay_float32_and_features_know_how_they_were_computed(processor):
    plain = computed_by()
    with layers_compute_in("fast-float32"):
        assert processor["rounds"]
        assert keras.layers.Dense(1).compute_dtype == "float32"
        assert computed_by() == f"{plain} fast-float32"
    with layers_compute_in("float32"):
        assert not processor["rounds"]
        assert computed_by() == plain
    (found,) = Computing("fast-float32").deviations
    assert found.text == "layers compute in fast-float32, not float32"


def test_where_it_changes_nothing_it_is_refused(processor):
    processor["stuck"] = True
    with pytest.raises(InputError, match=r'precision="fast-float32" changes nothing here.*needs AMX.*mixed_bfloat16'):
        fast_float32.products_in_bfloat16(True)
    assert not fast_float32.in_bfloat16()


def test_a_process_that_cannot_leave_it_refuses_other_precisions(processor):
    fast_float32.products_in_bfloat16(True)
    processor["stuck"] = True
    with pytest.raises(InputError, match="cannot leave; start a new one"):
        fast_float32.products_in_bfloat16(False)
    assert fast_float32.in_bfloat16()


def test_a_backend_without_it_says_so(monkeypatch):
    monkeypatch.setattr(fast_float32, "_WRITE", {})
    with pytest.raises(InputError, match='has no precision="fast-float32"; leave it out'):
        fast_float32.products_in_bfloat16(True)


TRIED = """
import json
import sys

import keras
import numpy as np

from arttl.models import build_classifier
from arttl.recipes import fine_tuning
from arttl.training import layers_compute_in
from arttl.training.precision import computed_by

images = np.random.default_rng(0).integers(0, 256, (16, 32, 32, 3), "uint8")
labels = np.eye(2, dtype="float32")[np.arange(16) % 2]
with layers_compute_in(sys.argv[1]):
    keras.utils.set_random_seed(1)
    model = build_classifier("vgg19", 2, weights="none", image_size=32)
    fine_tuning("keras3").compile(model)
    before = model.predict(images, verbose=0)
    loss = model.train_on_batch(images, labels)[0]
    print(json.dumps([computed_by(), before.tolist(), float(loss)]))
"""


@pytest.mark.skipif(
    BACKEND not in fast_float32._WRITE or "amx_bf16" not in Path("/proc/cpuinfo").read_text(encoding="utf-8"),
    reason="needs a processor with AMX, and TensorFlow or PyTorch",
)
def test_a_processor_with_amx_rounds_factors_and_hardly_changes_what_comes_out(tmp_path):
    """One network, once in either precision, each in a process of its own: TensorFlow decides once."""
    (tmp_path / "tried.py").write_text(TRIED, encoding="utf-8")
    found = {}
    for precision in ("float32", "fast-float32"):
        done = forked.run([tmp_path / "tried.py", precision])
        assert done.returncode == 0, done.stderr
        found[precision] = json.loads(done.stdout.splitlines()[-1])
    (plain, exact, loss), (fast, rounded, its_loss) = found.values()
    assert fast == f"{plain} fast-float32"
    assert rounded != exact
    assert rounded == [pytest.approx(row, rel=0.02) for row in exact]
    assert its_loss == pytest.approx(loss, rel=0.02)
