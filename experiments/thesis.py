"""Both chapters: every run of the thesis, what it takes in time and disk, from published counts and without data.

python experiments/thesis.py --dry-run
python experiments/thesis.py --dry-run --chapter 2 --epochs 30 --tflops 10 --csv plan.csv
python experiments/thesis.py --dry-run --list
"""

from arttl.cli import run_main
from arttl.cli.thesis_parser import thesis_parser


def main(options):
    from arttl.thesis.table import run_thesis

    run_thesis(options)


if __name__ == "__main__":
    run_main(main, thesis_parser(__doc__.split("\n")[0]))
