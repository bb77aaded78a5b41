"""`arttl train`: every script under a name, with its options."""

import sys

import pytest

from arttl.__main__ import run
from arttl.cli.train import experiments


@pytest.fixture
def arttl_command(monkeypatch, capsys):
    """Run `arttl` in this process: (exit code, standard output, standard error)."""

    def command(*line):
        monkeypatch.setattr(sys, "argv", ["arttl", *line])
        monkeypatch.setattr(sys, "path", list(sys.path))
        with pytest.raises(SystemExit) as end:
            run()
        return end.value.code or 0, *capsys.readouterr()

    return command


def test_every_script_has_a_name_of_its_own():
    assert {name: path.stem for name, path in experiments().items()} == {
        "ch1-all": "ch1_all",
        "antwerp": "ch1_antwerp",
        "ch1-fidelity": "ch1_fidelity",
        "rijks": "ch1_rijks",
        "saliency": "ch1_saliency",
        "additional-studies": "ch2_additional_studies",
        "ch2-all": "ch2_all",
        "ch2-fidelity": "ch2_fidelity",
        "find-tickets": "ch2_find_tickets",
        "lth-mnist": "ch2_lth_mnist",
        "transfer-tickets": "ch2_transfer_tickets",
        "thesis": "thesis",
    }


def test_they_are_listed_with_what_they_are(arttl_command):
    code, out, _ = arttl_command("train")
    assert code == 0
    assert "rijks                Chapter 1, Rijksmuseum: four networks off the shelf, fine-tuned" in out


def test_a_script_gets_its_options(arttl_command):
    code, out, _ = arttl_command("train", "find-tickets", "--help")
    assert code == 0
    assert "--rewind K" in out
    code, _, err = arttl_command("train", "rijks", "--challenge", "colour")
    assert code == 2
    assert err.count("\n") == 1


def test_an_experiment_that_there_is_not_is_one_line(arttl_command):
    code, _, err = arttl_command("train", "rijk")
    assert code == 2
    assert err.startswith("error: there is no experiment 'rijk'; choose from ch1-all, antwerp,")


def test_train_stands_among_the_commands(arttl_command):
    assert "train rijks --challenge type" in arttl_command("--help")[1]
