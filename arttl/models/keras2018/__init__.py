"""Layers, loss, optimiser and stopping rule of the Keras of 2018, as ordinary Keras 3 objects.

`arttl.recipes.eras` is the table of what differs from version to version; a saved model that holds any of these loads
again wherever arttl is imported. Held by tests/models/test_keras2018.py against recordings of the real Keras.
"""

from arttl.models.keras2018.batch_normalization import BatchNormalization2018, with_batch_normalization
from arttl.models.keras2018.early_stopping import EarlyStopping2018
from arttl.models.keras2018.losses import CategoricalCrossentropy2018
from arttl.models.keras2018.optimizers import RMSprop2018
from arttl.models.keras2018.resnet50 import resnet50, today_name

__all__ = [
    "BatchNormalization2018",
    "CategoricalCrossentropy2018",
    "EarlyStopping2018",
    "RMSprop2018",
    "resnet50",
    "today_name",
    "with_batch_normalization",
]
