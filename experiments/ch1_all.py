"""Chapter 1 as a whole: every experiment, Figure 4 and the report, in one command.

python experiments/ch1_all.py
python experiments/ch1_all.py --seed 1 2 3
python experiments/ch1_all.py --data rijks2014 --antwerp antwerp
"""

from ch1_rijks import SETTINGS, method, network

from arttl.cli import run_main
from arttl.cli.parsers import all_parser


def main(options):
    from arttl.transfer.everything import Chapter1

    Chapter1.from_options(options, settings=SETTINGS).do(network, method)


if __name__ == "__main__":
    run_main(main, all_parser(__doc__.split("\n")[0]), interrupted="the same command goes on where it was")
