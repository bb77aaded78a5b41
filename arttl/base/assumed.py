"""What estimates of time assume."""

from __future__ import annotations

EPOCHS = {"off-the-shelf": 20, "fine-tuning": 20, "scratch": 20, "tickets": 20}
"""Epochs of one training until early stopping, by approach: an assumption, since only a training tells. With a patience
of 7, 20 have the lowest validation loss in epoch 13."""

TFLOPS = 4.5
"""Operations that a GPU does in a second of training, in 10^12: one Tesla P100, a data centre's GPU of 2016, trains
ResNet-50 in single precision and batches of 32 with 195 images a second, each of 6 x 3.86 x 10^9 operations. Source:
TensorFlow, docs_src/performance/benchmarks.md (May 2017), "Other Results"."""
