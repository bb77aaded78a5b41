"""The whole thesis before anything is run: every run of both chapters, what it takes, from published counts alone.

The runs are planned by the code that plans the experiments; sizes of data sets are those of Tables 1 and 4; the time of
a step is measured (benchmarks/step_times.py); epochs, which early stopping decides, are assumed.
"""

EPOCHS = {"off-the-shelf": 20, "fine-tuning": 20, "scratch": 20, "tickets": 20}
"""Epochs of one training until early stopping, by approach: an assumption, since only a training tells. With a patience
of 7, 20 have the lowest validation loss in epoch 13."""
