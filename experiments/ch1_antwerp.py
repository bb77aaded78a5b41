"""Chapter 1, Antwerp: from one art collection to another, against from ImageNet (Table 3).

python experiments/ch1_rijks.py --challenge type --approach fine-tuning
python experiments/ch1_antwerp.py --challenge type
python experiments/ch1_antwerp.py --challenge artist --data antwerp --architecture resnet50 --source-runs runs/ch1/rijks
"""

from arttl.cli import run_main
from arttl.parsers import transfer_parser


def main(options):
    from arttl.chapter1.transfer import run_transfer

    run_transfer(options, "ch1/antwerp")


if __name__ == "__main__":
    run_main(main, transfer_parser(__doc__.split("\n")[0], ["type", "artist"]))
