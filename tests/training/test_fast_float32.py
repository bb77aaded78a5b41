"""Float32 with products in bfloat16: tried before it is believed, and never left behind unnoticed."""

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
