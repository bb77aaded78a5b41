"""Chapter 2, step 1: find lottery tickets by iterative magnitude pruning with late resetting (rounds 0 to 30).

python experiments/ch2_find_tickets.py
python experiments/ch2_find_tickets.py --source cifar10 --data downloads/cifar-10-python.tar.gz --seed 1 2 3 4
python experiments/ch2_find_tickets.py --source human-lba --data human-lba --split own --fraction 0.5
"""

from arttl.cli import run_main
from arttl.ticket_parsers import search_parser


def main(options):
    from arttl import chapter2

    chapter2.run_searches(options)


if __name__ == "__main__":
    run_main(main, search_parser(__doc__.split("\n")[0]))
