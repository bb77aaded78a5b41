"""What Chapter 2's scripts are asked for: names, lists, dry runs, and what they refuse in one line."""

import re

import pytest
from chapter2_scripts import FIND, LTH, STUDY, TINY, TRANSFER

from arttl import pruning
from arttl.base.errors import InputError
from arttl.cli.ticket_parsers import RESETS, SCOPES, UNITS, lth_parser, search_parser, transfer_parser
from arttl.pruning import search_settings
from arttl.runs import RunFolder


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--source", "cifar10"], "cifar10 is not bundled .*--data keras"),
        (["--source", "human-lba"], r"human-lba is not bundled \(only clipart-a, clipart-b is\); give --data PATH"),
        (["--source", "a/b"], "'a/b' cannot name a data set"),
        (["--network", "vgg19"], "there is no network 'vgg19'; --network takes resnet50, resnet20, lenet_300_100"),
        (["--network", "resnet50", "--image-size", "16"], "--image-size 16 is too small for ResNet-50; it takes 32"),
        (["--image-column", "x"], "--image-column goes with --data DIR of a collection, not with fashion_mnist"),
        (["--rounds", "255"], "rounds cannot be 255"),
        (["--rate", "2"], "'2' is not a share"),
        (["--criterion", "movement"], "criterion is 'movement'; give 'magnitude', 'channels', 'random'"),
        (["--epochs", "1", "--rewind", "2"], "training ends at epoch 1, before epoch 2, after which .* lower --rewind"),
        (["--network", "resnet20", "--set", "numerics=2.1.6"], "numerics and preprocessing of another time are for"),
        (["--set", "batch_size=x"], "batch_size cannot be 'x'"),
        (["--source", "fashion-mnist", "--data", "nowhere"], "nowhere"),
    ],
)
def test_bad_input_to_a_search_is_one_line(script, arguments, message):
    code, _, err = script(*arguments, **FIND)
    assert code == 2
    assert re.search(message, err), err
    assert len(err.strip().splitlines()) == 1


def test_bad_input_to_a_transfer_is_one_line(script, photographs, searched):
    line = ["--target", "mine", "--data", photographs, *TINY]
    for arguments, message in (
        (["--source", "cifar10"], "there are no tickets of cifar10 in"),
        (["--source", "target", "--rounds", "7"], "has tickets of rounds 0 to 2, not 7; see --rounds"),
        (["--source", "target", "--rounds", "9-3"], "'9-3' is no round or range of rounds"),
        (
            ["--source", "target", "--network", "resnet50", "--image-size", "32"],
            "make them: python experiments/ch2_find_tickets.py",
        ),
        (["--source", "target", "--split-seed", "7"], "of the target among its train and"),
        (
            ["--target", "other", "--source", "mine", "--split-seed", "7"],
            "of the target among its train and validation",
        ),
        (["--source", "target", "--bn-momentum", "1"], "give a number below 1"),
        (["--tickets", "nowhere"], "nowhere holds no search of resnet20; run ch2_find_tickets.py first"),
    ):
        code, _, err = script(*line, *arguments, **TRANSFER)
        assert code == 2
        assert message in err.strip().splitlines()[-1]
        assert "Traceback" not in err


@pytest.mark.parametrize(
    ("study", "option", "value"),
    [
        ("training-size", "--source", ["cifar10"]),
        ("training-size", "--tickets", ["elsewhere"]),
        ("training-size", "--keep-models", []),
        ("related-source", "--fraction", ["0.5"]),
    ],
)
def test_an_option_that_a_study_does_not_look_at_is_refused(script, study, option, value):
    code, _, err = script("--study", study, option, *value, **STUDY)
    assert code == 2
    assert err == f"error: {option} does nothing in --study {study}; leave it out\n"


@pytest.mark.parametrize("more", [FIND, LTH])
def test_a_network_without_batch_normalization_has_no_options_of_it(script, more):
    code, _, err = script("--network", "lenet-300-100", "--bn-momentum", "0.9", "--dry-run", **more)
    assert code == 2
    assert err == "error: LeNet-300-100 has no BatchNormalization; leave --bn-momentum and --bn-recalibrate out\n"


def test_a_target_without_a_name_is_called_as_its_folder(script, photographs, searched):
    line = [*TINY, "--source", "mine", "--rounds", "1", "--baselines", "--dry-run"]
    out = script("--data", photographs, *line, **TRANSFER)[1]
    assert f"ch2/transfer/{photographs.name}/resnet20/mine/ticket/round-01/seed-42" in out
    assert "ch2/transfer/clipart-a/" in script(*line, **TRANSFER)[1]


def test_a_search_lists_what_it_was_trained_on(script, photographs, searched):
    images = RunFolder(searched).images()
    assert images.split.value_counts().to_dict() == RunFolder(searched).read_config()["images"]
    assert images.file.str.fullmatch(r"\d+-[0-9a-f]{32}").all()


def test_searches_without_a_list_of_images_are_told_by_their_name(script, photographs, searched):
    (searched / "images.csv").unlink()
    line = ["--data", photographs, *TINY, "--source", "mine", "--split-seed", "7", "--rounds", "1", "--baselines"]
    code, _, err = script("--target", "mine", *line, **TRANSFER)
    assert code == 2
    assert "was found on another division of mine" in err
    code, out, err = script("--target", "other", *line, **TRANSFER)
    assert code == 0, err
    assert out.count("cannot be checked; search anew with --force to have it checked") == 1


def test_a_dry_run_lists_and_writes_nothing(script, tmp_path):
    code, out, err = script("--source", "fashion-mnist", "--seed", "1", "2", "--dry-run", **TRANSFER)
    assert code == 2
    assert err == "error: 62 of 64 runs would be refused, for what is said above\n"
    assert len(re.findall("^to do  .*/scratch/", out, re.M)) == 2
    assert len(re.findall("^refused  .* starts from .*seed-[12], which is not finished; make that", out, re.M)) == 62
    assert "64 runs: 2 to do, 62 refused; what is left takes about" in out
    assert not (tmp_path / "runs").exists()


def test_options_are_those_of_the_library():
    assert pruning.search.SearchSettings().reset == RESETS[0]
    assert (search_settings.RESETS, search_settings.REWIND_UNITS, pruning.masks.SCOPES) == (RESETS, UNITS, SCOPES)
    for parser in (search_parser, transfer_parser, lth_parser):
        parser("x").parse_args([])
    with pytest.raises(InputError):
        search_settings.SearchSettings(reset="none")
