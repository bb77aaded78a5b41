"""What a parser says of a command line that it does not understand."""

import argparse

import pytest

from arttl.cli import Parser, table_file


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["--challange", "type"], "there is no option --challange; did you mean --challenge?"),
        (["--challange=type"], "there is no option --challange; did you mean --challenge?"),
        (["--nothing"], "there is no option --nothing"),
        ([], "the following arguments are required: --challenge"),
        (["--challenge", "type", "--sed=3"], "there is no option --sed; did you mean --seed?"),
        (["--challenge", "type", "more"], "unrecognized arguments: more"),
        (["--chal", "type", "--seed", "x"], "argument --seed: invalid int value: 'x'"),
    ],
)
def test_a_misspelt_option_is_named_before_the_one_that_is_missing(line, said, capsys):
    parser = Parser()
    parser.add_argument("--challenge", required=True)
    parser.add_argument("--seed", type=int)
    with pytest.raises(SystemExit) as ended:
        parser.parse_args(line)
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"error: {said}; --help lists the options\n"


def test_an_option_of_a_command_is_sought_among_those_of_the_command(capsys):
    parser = Parser()
    parser.add_argument("--seat")
    command = parser.add_subparsers().add_parser("train")
    command.add_argument("--seed", type=int)
    with pytest.raises(SystemExit):
        parser.parse_args(["train", "--seet", "3"])
    assert "no option --seet; did you mean --seed?" in capsys.readouterr().err


def test_a_table_is_csv_or_a_workbook():
    assert table_file("a/b.XLSX").name == "b.XLSX"
    with pytest.raises(argparse.ArgumentTypeError, match=r"ends in .csv or .xlsx, not 'out.txt'"):
        table_file("out.txt")
