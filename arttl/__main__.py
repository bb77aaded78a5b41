"""`python -m arttl`: see arttl/cli/commands.py."""

from arttl.cli import run_main
from arttl.cli.commands import main, main_parser

if __name__ == "__main__":
    run_main(
        main, main_parser(), keras=False, interrupted="nothing is half done; the same command goes on or starts anew"
    )
