"""TF32 and XLA are off in faithful runs."""

import keras
import pytest

from arttl import recipes
from arttl.models import build_classifier, feature_extractor
from arttl.training import make_deterministic, set_product_precision

BACKEND = keras.backend.backend()


def products():
    """How the backend at work multiplies float32 on a GPU."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        return tf.config.experimental.tensor_float_32_execution_enabled()
    if BACKEND == "jax":
        import jax

        return jax.config.jax_default_matmul_precision
    import torch

    return torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32


EXACT = {"tensorflow": False, "jax": "highest", "torch": (False, False)}


@pytest.mark.core
def test_products_are_exact_in_faithful_runs_and_as_before_after_them():
    set_product_precision(faithful=False)  # a test before this one may have left it faithful
    before = products()
    for _ in range(2):
        set_product_precision(faithful=True)
        assert products() == EXACT[BACKEND]
    set_product_precision(faithful=False)
    assert products() == before
    assert before != EXACT[BACKEND]  # or nothing was seen here


@pytest.mark.core
@pytest.mark.skipif(BACKEND == "jax", reason="JAX compiles with XLA or not at all")
def test_xla_is_off():
    make_deterministic(0)
    model = build_classifier("vgg19", 2, weights="none", image_size=32, numerics="2.1.2")
    recipes.fine_tuning().compile(model)
    assert model.jit_compile is False
    assert feature_extractor(model).jit_compile is False
