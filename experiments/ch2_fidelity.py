"""Chapter 2: which of the choices that the thesis leaves open gives its curves (an ablation of the search for tickets).

python experiments/ch2_fidelity.py
python experiments/ch2_fidelity.py --source cifar10 --data cifar-10-jpeg.zip --network resnet20 --fraction 0.1
python experiments/ch2_fidelity.py --compare scope=global initial=he_uniform,scope=global
"""

from arttl.cli import run_main
from arttl.ticket_parsers import fidelity_parser


def main(options):
    from arttl.chapter2.fidelity import run_fidelity

    run_fidelity(options)


if __name__ == "__main__":
    run_main(main, fidelity_parser(__doc__.split("\n")[0]))
