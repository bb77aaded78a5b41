"""Chapter 2's searches as users run them: what they leave, and on what part of the images. Small networks."""

import numpy as np
import pandas as pd
import pytest
from chapter2_scripts import FIND, LTH, STUDY, TINY, TRANSFER
from PIL import Image
from scripts import run_folders, write_class_folders

from arttl import collections, splits
from arttl.lottery.networks import NETWORKS, Trainee
from arttl.pruning import open_tickets, prunable_kernels
from arttl.recipes import tickets
from arttl.runs import RunFolder
from arttl.training.data import nested_share
from arttl.transfer import CollectionData


@pytest.mark.slow
def test_a_search_on_the_bundled_source_says_so_and_leaves_its_folder(script, tmp_path):
    code, out, err = script("--network", "lenet-300-100", "--rounds", "2", "--epochs", "1", **FIND)
    assert code == 0, err
    assert (
        "No --data given: using the bundled data set fashion_mnist, rounds 0 to 2 of at most 1 epochs in batches" in out
    )
    folder = tmp_path / "runs/ch2/tickets/fashion_mnist/lenet_300_100/seed-42"
    config, metrics = RunFolder(folder).read_config(), RunFolder(folder).metrics()
    settings = config["settings"]
    assert (settings["kind"], settings["source"], settings["classes"]) == ("search", "fashion_mnist", 10)
    assert config["images"] == {"train": 4500, "validation": 500, "test": 1000}
    assert "max_epochs is 1, not 1000" in config["deviations"]
    assert "rounds is 2, not 30" in " ".join(config["deviations"])
    assert "data: 5,000 of the official 60,000 train images" in config["deviations"]
    rounds = pd.read_csv(folder / "rounds.csv")
    pruned = rounds[rounds["round"] > 0]
    assert metrics["best_round"] == pruned["round"][pruned.test_accuracy.idxmax()]
    assert metrics["best_round_validation"] == pruned["round"][pruned.val_accuracy.idxmax()]
    assert f"{rounds.test_accuracy[0]:.1%}" in out
    assert open_tickets(folder / "tickets.h5").metadata["settings"] == settings
    assert rounds.test_accuracy[0] > 0.6  # it has learned


@pytest.mark.slow
def test_a_finished_search_is_kept_and_other_settings_are_refused(script, photographs, searched):
    line = ["--source", "mine", "--data", photographs, *TINY, "--keep-final"]
    before = (searched / "tickets.h5").stat().st_mtime_ns
    code, out, _ = script(*line, "--rounds", "2", **FIND)
    assert (code, (searched / "tickets.h5").stat().st_mtime_ns) == (0, before)
    assert "1 of 1 runs were finished already" in out
    code, _, err = script(*line, "--rounds", "2", "--rate", "0.5", **FIND)
    assert code == 2
    assert "was made with other settings (search.rate was 0.2, now 0.5); --force makes it anew" in err
    code, _, err = script(*line, "--rounds", "1", "--force", **FIND)
    assert (code, open_tickets(searched / "tickets.h5").rounds) == (0, 1)


@pytest.mark.slow
def test_winning_tickets_and_their_controls(script, tmp_path):
    code, out, err = script("--rounds", "2", "--seed", "1", "2", "--epochs", "1", **LTH)
    assert code == 0, err
    assert (
        "| round | pruned | tickets (2 seeds) | tickets, randomly reinitialised (2 seeds) | random masks (2 seeds)"
        in out
    )
    base = tmp_path / "runs/ch2/lth"
    assert len(run_folders(base / "tickets")) == 2
    controls = run_folders(base / "controls")
    assert len(controls) == 2 * 2 * 2
    for folder in controls:
        settings = RunFolder(folder).read_config()["settings"]
        assert settings["start"] in ("reinitialised", "random-masks")
        assert settings["tickets"]["search"]["reset"] == "theta_0"
        assert not settings["new_head"]


@pytest.mark.slow
def test_parts_of_the_training_set_are_folders_of_their_own(script, photographs, tmp_path):
    line = ["--source", "mine", "--data", photographs, *TINY, "--rounds", "1", "--fraction", "0.5"]
    assert script(*line, **FIND)[0] == 0
    folder = RunFolder(tmp_path / "runs/ch2/tickets/mine/resnet20/fraction-50/seed-42")
    config = folder.read_config()
    assert config["images"] == {"train": 24, "validation": 6, "test": 6}
    assert config["settings"]["fraction"] == 0.5
    assert "50% of the training images" in config["deviations"]
    line = ["--target", "mine", "--data", photographs, *TINY, "--source", "target", "--fraction", "0.5"]
    assert script(*line, "--baselines", **TRANSFER)[0] == 0
    found = RunFolder(tmp_path / "runs/ch2/transfer/mine/resnet20/mine-50/ticket/round-01/seed-42").read_config()
    assert found["settings"]["fraction"] == 0.5
    assert found["images"]["train"] == 48


@pytest.mark.slow
def test_parts_of_the_targets_own_images_are_searched_and_nothing_is_transferred(script, photographs, tmp_path):
    """Figure 9c; a finished search on all of them is left as it is, whatever else it keeps."""
    line = ["--data", photographs, *TINY, "--rounds", "1"]
    assert script("--source", "mine", *line, "--keep-final", **FIND)[0] == 0
    code, out, err = script("--target", "mine", *line, "--study", "training-size", "--fraction", "1", "0.5", **STUDY)
    assert code == 0, err
    base = tmp_path / "runs/ch2"
    found = [str(path.relative_to(base)) for path in run_folders(base)]
    assert found == ["tickets/mine/resnet20/fraction-50/seed-42", "tickets/mine/resnet20/seed-42"]
    assert "mine, 50%" in out


@pytest.mark.slow
def test_searches_may_re_estimate_statistics_too_also_those_of_parts(script, photographs, tmp_path):
    """The study of parts once took --bn-recalibrate, and did nothing with it."""
    line = ["--data", photographs, *TINY, "--rounds", "1", "--bn-momentum", "0.5", "--bn-recalibrate"]
    assert script("--source", "mine", *line, **FIND)[0] == 0
    assert script("--target", "mine", *line, "--study", "training-size", "--fraction", "1", "0.5", **STUDY)[0] == 0
    assert script("--source", "plain", *line[:-3], **FIND)[0] == 0
    base = tmp_path / "runs/ch2/tickets"
    whole, half, plain = (
        RunFolder(base / each)
        for each in ("mine/resnet20/seed-42", "mine/resnet20/fraction-50/seed-42", "plain/resnet20/seed-42")
    )
    for each in (whole, half):
        config = each.read_config()
        assert config["settings"]["batchnorm"] == {"momentum": 0.5, "recalibrate": True}
        assert "BatchNormalization's statistics are re-estimated before each validation" in config["deviations"]
    assert "batchnorm" not in plain.read_config()["settings"]  # as in searches of before there was a choice
    # No gradient depends on moving statistics; what validation says does.
    ours, theirs = (each.history().query("round == 0") for each in (whole, plain))
    np.testing.assert_array_equal(ours.loss, theirs.loss)
    assert (ours.val_loss < theirs.val_loss).all()
    code, _, err = script("--source", "mine", *line[:-3], **FIND)
    assert code == 2
    assert "was made with other settings (batchnorm" in err


@pytest.mark.slow
def test_the_ablation_searches_under_each_setting_and_compares_by_round(script, photographs, tmp_path):
    line = ["--source", "mine", "--data", photographs, *TINY, "--rounds", "1", "--compare", "scope=global", "rewind=1"]
    code, out, err = script(*line, name="ch2_fidelity.py")
    assert code == 0, err
    base = tmp_path / "runs/ch2/fidelity/mine/resnet20"
    table = pd.read_csv(base / "fidelity.csv")
    assert table[["variant", "round"]].to_numpy().tolist() == [
        [variant, number] for variant in ("baseline", "scope=global", "rewind=1") for number in (0, 1)
    ]
    rows = [line for line in out.splitlines() if line.startswith("| scope=global")]
    accuracy = table[(table.variant == "scope=global") & (table["round"] == 1)].test_accuracy.item()
    assert [cell.strip() for cell in rows[0].split("|")][-2] == f"{accuracy:.1%}"
    assert (base / "fidelity.md").read_text().strip() in out
    settings = [RunFolder(path).read_config()["settings"]["search"] for path in run_folders(base)]
    assert sorted((each["scope"], each["rewind"]) for each in settings) == [("global", 2), ("layer", 1), ("layer", 2)]


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_networks_are_pruned_as_documented(name):
    trainee = Trainee(name, 5, (32, 32, 3), tickets())
    kernels = prunable_kernels(trainee.model, **trainee.network.search)
    kernel_count = {"resnet50": 53, "resnet20": 19, "lenet_300_100": 3}[name]
    weights = {"resnet50": 23_454_912, "resnet20": 267_696, "lenet_300_100": 32 * 32 * 3 * 300 + 30_000 + 500}[name]
    assert len(kernels) == kernel_count
    assert sum(int(np.prod(kernel.shape)) for kernel in kernels.values()) == weights
    assert trainee.draw(0).keys() == trainee.shapes.keys()


def test_shares_are_stratified_nested_and_as_large_as_asked():
    class_ids = np.repeat([0, 1, 2, 3], [40, 20, 8, 1])
    shares = {share: set(nested_share(class_ids, share, seed=3)) for share in (0.25, 0.5, 0.75, 1)}
    assert shares[0.25] < shares[0.5] < shares[0.75] < shares[1] == set(range(69))
    for share, chosen in shares.items():
        counts = np.bincount(class_ids[sorted(chosen)], minlength=4)
        assert list(counts) == [round(share * 40), round(share * 20), round(share * 8), 1]
    assert set(nested_share(class_ids, 0.5, seed=4)) != shares[0.5]


def test_what_reading_loses_of_pictures_is_recorded(tmp_path):
    folder = write_class_folders(tmp_path / "data", ["a", "b"], 12)
    Image.new("RGBA", (40, 40), (9, 9, 9, 0)).save(folder / "a" / "000.jpg", "png")
    collection = collections.open_collection(folder, "type")
    experiment = CollectionData(collection, splits.make_split(collection.labels("type")), tmp_path / "cache")
    data = experiment.images(8, tickets(), "type", "mine").fraction(0.5, 0)
    (line,) = Trainee("resnet20", 2, (8, 8, 3), tickets()).config({}, data, [])["reading_losses"]
    assert "1 of 24 images are transparent, and one colour to the network" in line
    assert 'decoding="upright" reads' in line
