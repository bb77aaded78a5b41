"""All of Chapter 2, and the report: tickets, transfers, the three studies, BatchNorm; interrupted, it goes on.

python experiments/ch2_all.py
python experiments/ch2_all.py --sources cifar10=cifar.tar.gz cifar100=keras fashion-mnist=keras --targets human-lba=DIR
"""

from ch2_find_tickets import PROTOCOL, SETTINGS, search
from ch2_transfer_tickets import train

from arttl.cli import run_main
from arttl.cli.ticket_parsers import all_parser


def main(options):
    from arttl.lottery.everything import Chapter2

    Chapter2.from_options(options, settings=SETTINGS, protocol=PROTOCOL).do(search, train)


if __name__ == "__main__":
    run_main(main, all_parser(__doc__.split("\n")[0]), interrupted="the same command goes on from the last epoch")
