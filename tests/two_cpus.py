"""Runs a script on two logical CPUs of TensorFlow; run by test_devices.py.

python tests/two_cpus.py EPOCHS SCRIPT OPTION...     EPOCHS after which the process ends as if killed; 0 for never
"""

import os
import runpy
import sys

from shared_batches import logical_devices

from arttl.training.checkpoint import Checkpoint

logical_devices()
epochs, script, sys.argv = int(sys.argv[1]), sys.argv[2], sys.argv[2:]
save = Checkpoint.save


def saved(self, model, progress, best_weights):
    save(self, model, progress, best_weights)
    if progress.epochs == epochs:
        os._exit(9)


Checkpoint.save = saved
runpy.run_path(script, run_name="__main__")
