"""Chapter 2, steps 4 and 5: train tickets on a target, beside their baselines (Table 5, Figure 8).

python experiments/ch2_transfer_tickets.py --source fashion-mnist
python experiments/ch2_transfer_tickets.py --target human-lba --data human-lba --split own --seed 1 2 3 4
"""

from arttl.cli import run_main
from arttl.ticket_parsers import transfer_parser


def main(options):
    from arttl import chapter2

    chapter2.run_transfers(options)


if __name__ == "__main__":
    run_main(main, transfer_parser(__doc__.split("\n")[0]))
