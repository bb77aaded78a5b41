"""What a GPU makes of arttl's training steps: networks, backends and precisions in one table, against PyTorch by hand.

    python benchmarks/gpu.py
    python benchmarks/gpu.py --python torch=venv-torch/bin/python jax=venv-jax/bin/python --networks resnet50
    python benchmarks/gpu.py --size 32 --batch 4 --steps 2 --networks resnet50        # tries it where there is no GPU

A row for each network, backend and precision: float32 as in 2018, TF32 (float32 whose products have 10 bits) and
bfloat16; the same with half of ResNet50's weights pruned; PyTorch by hand (channels last; compiled or not, the faster
counts). Each row is a process of its own, and names its device. Below: how many images a second the store of decoded
images gives, against what the fastest step takes. Nothing else may run.
"""

import os
import sys
import tempfile
import time

from backends import BY_HAND, NETWORKS, in_a_process, keras_step, median_seconds, parser_of_steps, resnet50_by_hand

PRECISIONS = ("float32", "tf32", "mixed_bfloat16")
FEEDING = "feeding"


def main():
    parser = parser_of_steps(__doc__.split("\n")[0], networks=list(NETWORKS), steps=30)
    options = parser.parse_args()
    if options.measure:
        print(measure(*options.measure, options))
        return
    print(f"{options.batch} images of {options.size} pixels a step")
    found = {}
    for what in [*options.networks, *(["resnet50-pruned"] if "resnet50" in options.networks else [])]:
        for precision in PRECISIONS:
            for backend in [*options.backends, *([BY_HAND] if what == "resnet50" else [])]:
                found[what, backend, precision] = result = number_and_device(backend, what, precision, options)
                print(f"{what:16} {backend:11} {precision:15} {shown(result, options.batch)}", flush=True)
    steps = {key: each[0] for key, each in found.items() if not isinstance(each, str)}
    for precision in PRECISIONS:
        of_resnet50 = {by: each for (what, by, how), each in steps.items() if (what, how) == ("resnet50", precision)}
        by_hand = of_resnet50.pop(BY_HAND, None)
        if by_hand and of_resnet50:
            ratio = by_hand / min(of_resnet50.values())
            print(f"gpu: resnet50 in {precision}, by hand over the fastest backend: {ratio:.3f} (goal 0.95)")
    fed = number_and_device(options.backends[0], FEEDING, "float32", options)
    if not isinstance(fed, str) and steps:
        need = options.batch / min(steps.values())
        print(f"gpu: the store gives {fed[0]:,.0f} images a second, the fastest step takes {need:,.0f}")


def shown(result, batch):
    """A row's numbers: milliseconds and images a second, and on what; or why there are none."""
    if isinstance(result, str):
        return result
    seconds, where = result
    return f"{1e3 * seconds:9.1f} ms a step, {batch / seconds:8.1f} images a second   ({where})"


def number_and_device(backend, what, precision, options):
    """(a number, the device's name) as `measure` prints them in a process of its own; or why not, in words."""
    line, problem = in_a_process(__file__, backend, what, precision, options)
    if problem:
        return problem
    number, where = line.split(" ", 1)
    return float(number), where


def measure(backend, what, precision, options):
    """'SECONDS DEVICE' of a step; of FEEDING, 'IMAGES-A-SECOND DEVICE'."""
    if what == FEEDING:
        return f"{images_a_second(options)} store"
    if backend == BY_HAND:
        return measure_by_hand(precision, options)
    from arttl.training import set_product_precision
    from arttl.training.precision import device

    set_product_precision(faithful=precision != "tf32")
    network, _, pruned = what.partition("-")
    step = keras_step(network, precision.replace("tf32", "float32"), options, prune=bool(pruned))
    return f"{median_seconds(step, options.steps)} {device()}"


def measure_by_hand(precision, options):
    """PyTorch by hand, plain and compiled: the faster."""
    import torch

    place = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
    seconds = {}
    for name, compiled in (("plain", lambda model: model), ("compiled", torch.compile)):
        try:
            step = resnet50_by_hand(precision, options, place, compiled)
            synchronised = step if place == "cpu" else lambda step=step: (step(), torch.cuda.synchronize())
            seconds[name] = median_seconds(synchronised, options.steps)
        except RuntimeError as error:  # torch.compile needs a compiler, which a machine may lack
            print(f"{name}: {error}", file=sys.stderr)
    fastest = min(seconds, key=seconds.get)
    return f"{seconds[fastest]} {torch.cuda.get_device_name() if place == 'cuda' else 'CPU'}, {fastest}"


def images_a_second(options):
    """How many decoded images a second a store gives in batches, shuffled, from the disk's cache."""
    import numpy as np
    from PIL import Image

    from arttl import ImageStore
    from arttl.images import Decoding
    from arttl.training import Batches

    number = 40 * options.batch
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "noise.jpg")
        Image.fromarray(rng.integers(0, 256, (options.size, options.size, 3), "uint8")).save(path)
        store = ImageStore.build({"noise": path}, Decoding((options.size, options.size)), folder)
        batches = Batches(
            store, np.zeros(number, "int64"), np.zeros(number, "int64"), 10, options.batch, shuffle_seed=1
        )
        start = time.perf_counter()
        for index in range(len(batches)):
            batches[index]
        return number / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
