"""Chapter 1: what each departure from the thesis' settings is worth in test accuracy (an ablation of Table 2).

python experiments/ch1_fidelity.py --challenge type
python experiments/ch1_fidelity.py --challenge artist --data rijks2014 --architecture resnet50 vgg19 --seed 1 2 3
python experiments/ch1_fidelity.py --challenge type --approach off-the-shelf --compare 2.2.4 preprocessing=imagenet
"""

from arttl.cli import run_main
from arttl.parsers import fidelity_parser


def main(options):
    from arttl.chapter1.fidelity import run_fidelity

    run_fidelity(options, "ch1/fidelity")


if __name__ == "__main__":
    run_main(main, fidelity_parser(__doc__.split("\n")[0], ["material", "type", "artist"]))
