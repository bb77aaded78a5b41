"""Train, evaluate and resume one run."""

from arttl.training.batches import Arrays, Batches
from arttl.training.batchnorm import Recalibrate, recalibrate, set_momentum
from arttl.training.checkpoint import Checkpoint, Progress, random_state
from arttl.training.feeding import fed
from arttl.training.loop import (
    backend_name,
    class_weights,
    head_model,
    make_deterministic,
    predict,
    set_product_precision,
    start_afresh,
    train,
)

__all__ = [
    "Arrays",
    "Batches",
    "Checkpoint",
    "Progress",
    "Recalibrate",
    "backend_name",
    "class_weights",
    "fed",
    "head_model",
    "make_deterministic",
    "predict",
    "random_state",
    "recalibrate",
    "set_momentum",
    "set_product_precision",
    "start_afresh",
    "train",
]
