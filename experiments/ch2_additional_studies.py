"""Chapter 2, Figure 9: final weights against tickets, tickets of a related source, and of parts of a training set.

python experiments/ch2_additional_studies.py --study final-weights --target human-lba --data human-lba --split own
python experiments/ch2_additional_studies.py --study related-source --target mouse-lba --data mouse-lba
"""

from arttl.cli import run_main
from arttl.ticket_parsers import studies_parser


def main(options):
    from arttl import chapter2

    chapter2.run_study(options)


if __name__ == "__main__":
    run_main(main, studies_parser(__doc__.split("\n")[0]))
