"""Chapter 2, Figure 5: the lottery ticket hypothesis on MNIST: winning tickets against random weights and random masks.

python experiments/ch2_lth_mnist.py
python experiments/ch2_lth_mnist.py --data keras --seed 1 2 3 4 5
"""

from ch2_find_tickets import search
from ch2_transfer_tickets import train

from arttl.cli import run_main
from arttl.cli.ticket_parsers import lth_parser


def main(options):
    from arttl.lottery import HypothesisStudy

    study = HypothesisStudy.from_options(options)  # Frankle and Carbin's settings: arttl.lottery.presets
    if options.explain:
        print(study.explain())
    if options.dry_run or not options.explain:
        study.do(search, train)


if __name__ == "__main__":
    run_main(main, lth_parser(__doc__.split("\n")[0]))
