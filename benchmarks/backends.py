"""A fine-tuning step on every Keras backend that is installed, against a ResNet-50 written by hand in PyTorch.

    python benchmarks/backends.py
    python benchmarks/backends.py --python torch=venv-torch/bin/python jax=venv-jax/bin/python

Batches of 32 images of 224 x 224 pixels, SGD with Nesterov momentum, all layers trained, in float32, in Keras' policy
mixed_bfloat16 (PyTorch by hand: autocast) and in float32 with products in bfloat16; the same batch each step. Each
measurement is a process of its own, in turn; the median of a few steps after two that compile and warm up. glibc keeps
freed memory (KEEP_MEMORY): otherwise PyTorch asks the system for its activations anew each step, which may double its
time. The ratio is that of the hand-written step over Keras' fastest backend, of one precision: 1 is as fast.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

BACKENDS = ("tensorflow", "torch", "jax")
NETWORKS = ("resnet50", "vgg19", "inception_v3", "xception")
PRECISIONS = ("float32", "mixed_bfloat16", "fast-float32")
BY_HAND = "by hand"
KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "100000000000"}


def main():
    parser = parser_of_steps(__doc__.split("\n")[0], networks=["resnet50"], steps=3)
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=list(PRECISIONS))
    options = parser.parse_args()
    if options.measure:
        backend, *which = options.measure
        step = resnet50_by_hand(which[1], options) if backend == BY_HAND else keras_step(*which, options)
        print(median_seconds(step, options.steps))
        return
    for network in options.networks:
        for precision in options.precisions:
            backends = [*options.backends, *([BY_HAND] if network == "resnet50" else [])]
            seconds = {each: measured(each, network, precision, options) for each in backends}
            for backend, each in seconds.items():
                shown = each if isinstance(each, str) else f"{each:8.3f} s a step"
                print(f"{network:13} {precision:15} {backend:11} {shown}", flush=True)
            numbers = {backend: each for backend, each in seconds.items() if not isinstance(each, str)}
            known = {backend: each for backend, each in numbers.items() if backend != BY_HAND}
            if known and BY_HAND in numbers:
                fastest = min(known, key=known.get)
                ratio = seconds[BY_HAND] / known[fastest]
                print(f"backends: {precision}, by hand over {fastest}: {ratio:.3f} (goal 0.95)", flush=True)


def parser_of_steps(description, networks, steps):
    """A parser with the options of whoever measures steps, each in a process of its own.

    Arguments:
        description: of the script.
        networks, steps: defaults.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=networks)
    parser.add_argument("--backends", nargs="+", choices=BACKENDS, default=list(BACKENDS))
    parser.add_argument("--python", nargs="+", default=[], metavar="BACKEND=PATH", help="interpreters that have them")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--measure", nargs=3, metavar=("BACKEND", "WHAT", "PRECISION"), help=argparse.SUPPRESS)
    return parser


def measured(backend, network, precision, options):
    """Seconds a step in a process of its own; or why there are none, in words."""
    line, problem = in_a_process(__file__, backend, network, precision, options)
    return problem or float(line)


def in_a_process(script, backend, what, precision, options, settings=KEEP_MEMORY):
    """What a script prints last of one measurement in a process of its own.

    Arguments:
        script: its path; it takes the options of parser_of_steps.
        backend, what, precision: for its --measure.
        options: those that it was called with.
        settings: variables of the environment.

    Returns (the line, ""), or (None, why there is none in words).
    """
    library = "torch" if backend == BY_HAND else backend
    python = dict(each.split("=", 1) for each in options.python).get(library, sys.executable)
    environment = os.environ | settings | {"KERAS_BACKEND": library, "TF_CPP_MIN_LOG_LEVEL": "3"}
    there = subprocess.run([python, "-c", f"import {library}"], capture_output=True, env=environment, check=False)
    if there.returncode:
        return None, "not installed"
    line = [python, script, "--size", options.size, "--batch", options.batch, "--steps", options.steps, "--measure"]
    line = [*map(str, line), backend, what, precision]
    done = subprocess.run(line, capture_output=True, text=True, env=environment, check=False)
    if "changes nothing here" in done.stderr:
        return None, "changes nothing here"
    if done.returncode:
        return None, f"failed: {(done.stderr.strip().splitlines() or ['killed'])[-1][:200]}"
    return done.stdout.strip().splitlines()[-1], ""


def median_seconds(step, steps):
    times = []
    for _ in range(steps + 2):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return statistics.median(times[2:])


def keras_step(network, precision, options, prune=False):
    import numpy as np

    from arttl.models import build_classifier
    from arttl.pruning import MagnitudePruning, magnitude_masks, prunable_kernels
    from arttl.recipes import fine_tuning
    from arttl.training import layers_compute_in

    with layers_compute_in(precision):
        model = build_classifier(network, 10, weights="none", image_size=options.size)
    fine_tuning("keras3").compile(model)
    if prune:
        weights = {name: np.asarray(kernel) for name, kernel in prunable_kernels(model).items()}
        MagnitudePruning(masks=magnitude_masks(weights, 0.5)).install(model)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (options.batch, options.size, options.size, 3), "uint8")
    labels = np.eye(10, dtype="float32")[rng.integers(0, 10, options.batch)]
    return lambda: model.train_on_batch(images, labels)


def resnet50_by_hand(precision, options, place="cpu", compiled=lambda model: model):
    """A step of ResNet-50 with Keras' strides and biases, channels last, as a PyTorch user would write and train it.

    Arguments:
        precision: one of PRECISIONS, or "tf32".
        options: with batch and size.
        place: "cpu" or "cuda".
        compiled: what is made of the model, such as torch.compile.
    """
    import torch
    from torch import nn

    def convolution(inputs, outputs, kernel, stride=1):
        layer = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2)
        return nn.Sequential(layer, nn.BatchNorm2d(outputs))

    class Block(nn.Module):
        def __init__(self, inputs, width, stride):
            super().__init__()
            self.shortcut = convolution(inputs, 4 * width, 1, stride) if inputs != 4 * width else nn.Identity()
            self.one, self.two = convolution(inputs, width, 1, stride), convolution(width, width, 3)
            self.three = convolution(width, 4 * width, 1)

        def forward(self, x):
            y = self.three(torch.relu(self.two(torch.relu(self.one(x)))))
            return torch.relu(y + self.shortcut(x))

    layers, inputs = [convolution(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)], 64
    for width, blocks, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for number in range(blocks):
            layers.append(Block(inputs, width, 1 if number else stride))
            inputs = 4 * width
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 10)]
    if precision == "fast-float32":
        torch.backends.mkldnn.set_flags(_fp32_precision="bf16")
    model = nn.Sequential(*layers).to(place, memory_format=torch.channels_last).train()
    optimizer = torch.optim.SGD(model.parameters(), 0.001, momentum=0.9, nesterov=True)
    images = torch.rand(options.batch, 3, options.size, options.size).to(place, memory_format=torch.channels_last)
    labels = torch.randint(0, 10, (options.batch,)).to(place)
    network = compiled(model)

    def step():
        optimizer.zero_grad()
        with torch.autocast(place, torch.bfloat16, enabled=precision == "mixed_bfloat16"):
            loss = nn.functional.cross_entropy(network(images).float(), labels)
        loss.backward()
        optimizer.step()

    return step


if __name__ == "__main__":
    main()
