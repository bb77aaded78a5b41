"""Chapter 1, Rijksmuseum: four networks off the shelf, fine-tuned and from scratch (Table 2, Figures 2 and 3).

python experiments/ch1_rijks.py --challenge type
python experiments/ch1_rijks.py --challenge material --data rijks2014 --architecture vgg19
python experiments/ch1_rijks.py --challenge type --approach off-the-shelf --classifier softmax linear-svm random-forest
"""

from arttl.cli import run_main
from arttl.parsers import rijks_parser


def main(options):
    from arttl import chapter1

    chapter1.run_experiment(options, "ch1/rijks")


if __name__ == "__main__":
    run_main(main, rijks_parser(__doc__.split("\n")[0], ["material", "type", "artist"]))
