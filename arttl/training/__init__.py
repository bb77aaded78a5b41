"""Train, evaluate and resume one run."""

from arttl.training.batches import Arrays, Batches
from arttl.training.batchnorm import Recalibrate, recalibrate, set_momentum
from arttl.training.checkpoint import Checkpoint, Progress, random_state
from arttl.training.feeding import fed
from arttl.training.given import as_batches
from arttl.training.loop import (
    backend_name,
    class_weights,
    head_model,
    make_deterministic,
    predict,
    predict_labelled,
    start_afresh,
    train,
)
from arttl.training.precision import forget_models, layers_compute_in, set_product_precision

__all__ = [
    "Arrays",
    "Batches",
    "Checkpoint",
    "Progress",
    "Recalibrate",
    "as_batches",
    "backend_name",
    "class_weights",
    "fed",
    "forget_models",
    "head_model",
    "layers_compute_in",
    "make_deterministic",
    "predict",
    "predict_labelled",
    "random_state",
    "recalibrate",
    "set_momentum",
    "set_product_precision",
    "start_afresh",
    "train",
]
