"""What a process can be set to before TensorFlow is imported: a step with oneDNN, with freed memory kept, without.

    python benchmarks/script_settings.py --networks resnet50 --size 48

A fine-tuning step in float32, the same batch each step; each measurement is a process of its own, in turn, the median
of a few steps after two that trace and warm up. Without oneDNN is how TensorFlow computes by itself on an x86-64
processor that lacks AVX-512 VNNI. The ratios are over the step with oneDNN alone, as scripts have it (quietly.py).
"""

import statistics
from pathlib import Path

from backends import KEEP_MEMORY, in_a_process, parser_of_steps

from arttl.base.quietly import ONEDNN

ON, OFF = {ONEDNN: "1"}, {ONEDNN: "0"}
SIDES = {"both": ON | KEEP_MEMORY, "oneDNN": ON, "memory": OFF | KEEP_MEMORY, "neither": OFF}


def main():
    parser = parser_of_steps(__doc__.split("\n")[0], networks=["resnet50"], steps=10)
    parser.add_argument("--turns", type=int, default=2)
    options = parser.parse_args()
    script = str(Path(__file__).with_name("backends.py"))
    for network in options.networks:
        seconds = {side: [] for side in SIDES}
        for _ in range(options.turns):
            for side, settings in SIDES.items():
                line, problem = in_a_process(script, "tensorflow", network, "float32", options, settings)
                if problem:
                    raise SystemExit(f"{network}: {problem}")
                seconds[side].append(float(line))
        medians = {side: statistics.median(each) for side, each in seconds.items()}
        told = ", ".join(f"{side} {each:.3f} s ({each / medians['oneDNN']:.2f})" for side, each in medians.items())
        print(f"{network}, {options.size} pixels: {told}", flush=True)


if __name__ == "__main__":
    main()
