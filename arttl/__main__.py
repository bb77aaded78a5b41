"""`arttl`, or `python -m arttl`: see arttl/cli/commands.py."""

import sys

from arttl.cli import run_main
from arttl.cli.commands import main, main_parser


def run():
    """What the console command `arttl` does."""
    if sys.argv[1:2] == ["train"]:
        from arttl.cli.train import run_experiment

        run_experiment(sys.argv[2:])
    else:
        interrupted = "nothing is half done; the same command goes on or starts anew"
        run_main(main, main_parser(), keras=False, interrupted=interrupted)


if __name__ == "__main__":
    run()
