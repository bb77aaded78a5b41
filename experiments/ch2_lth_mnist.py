"""Chapter 2, Figure 5: the lottery ticket hypothesis on MNIST: winning tickets against random weights and random masks.

python experiments/ch2_lth_mnist.py
python experiments/ch2_lth_mnist.py --data keras --seed 1 2 3 4 5
"""

from arttl.cli import run_main
from arttl.ticket_parsers import lth_parser


def main(options):
    from arttl import chapter2

    chapter2.run_lth(options)


if __name__ == "__main__":
    run_main(main, lth_parser(__doc__.split("\n")[0]))
