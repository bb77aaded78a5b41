"""Chapter 2's scripts as users run them: searches, transfers, their baselines, and what they refuse. Small networks."""

import re
import shutil

import keras
import numpy as np
import pandas as pd
import pytest
import slim
from ch2_find_tickets import search
from PIL import Image
from scripts import run_folders, write_class_folders

from arttl import collections, pruning, splits
from arttl.base.errors import InputError
from arttl.cli.ticket_parsers import RESETS, SCOPES, UNITS, lth_parser, search_parser, transfer_parser
from arttl.lottery import SearchStudy
from arttl.lottery.networks import NETWORKS, Trainee, kept_trainee
from arttl.lottery.ticket_runs import BatchNorm, TicketSpec, start_weights
from arttl.pruning import load_ticket, model_weights, open_tickets, prunable_kernels, search_settings
from arttl.recipes import tickets
from arttl.runs import RunFolder
from arttl.training import Batches, checkpoint
from arttl.training.data import nested_share
from arttl.transfer import CollectionData

SCRIPTS = ("find_tickets", "transfer_tickets", "lth_mnist", "additional_studies")
FIND, TRANSFER, LTH, STUDY = ({"name": f"ch2_{name}.py"} for name in SCRIPTS)
TINY = ["--network", "resnet20", "--image-size", "8", "--epochs", "2"]


@pytest.fixture(scope="session")
def one_search(photographs, tmp_path_factory):
    """A search of two rounds on a user's class folders."""
    folder = tmp_path_factory.mktemp("search")
    line = ["--source", "mine", "--data", photographs, *TINY, "--rounds", "2", "--keep-final", "--output", folder]
    line += ["--cache", folder / "cache", "--splits", folder / "splits"]
    with pytest.MonkeyPatch.context() as patch:
        slim.put_in_place(patch)
        options = search_parser("").parse_args([*map(str, line)])
        SearchStudy.from_options(options).do(search)
    return folder


@pytest.fixture
def searched(one_search, tmp_path, monkeypatch):
    """That search in the folder of this test's runs, which the tests transfer back to the class folders."""
    slim.put_in_place(monkeypatch)
    shutil.copytree(one_search / "ch2", tmp_path / "runs/ch2")
    return tmp_path / "runs/ch2/tickets/mine/resnet20/seed-42"


def results(folder):
    """What a run folder holds, without its times."""
    history = RunFolder(folder).history().drop(columns="seconds")
    metrics = {key: value for key, value in RunFolder(folder).metrics().items() if "seconds" not in key}
    return history, metrics, RunFolder(folder).predictions()


def assert_same_results(one, other):
    for mine, theirs in zip(results(one), results(other), strict=True):
        if isinstance(mine, dict):
            assert mine == theirs
        else:
            pd.testing.assert_frame_equal(mine, theirs)


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
def test_transfers_and_their_baselines(script, photographs, searched, tmp_path):
    code, out, err = script("--target", "mine", "--data", photographs, *TINY, "--source", "target", **TRANSFER)
    assert code == 0, err
    base = tmp_path / "runs/ch2/transfer/mine/resnet20"
    folders = [str(path.relative_to(base)) for path in run_folders(base)]
    assert folders == [
        "mine/reinitialised/round-01/seed-42",
        "mine/reinitialised/round-02/seed-42",
        "mine/ticket/round-00/seed-42",
        "mine/ticket/round-01/seed-42",
        "mine/ticket/round-02/seed-42",
        "scratch/scratch/round-00/seed-42",
    ]
    for name in folders:
        folder = RunFolder(base / name)
        settings, metrics = folder.read_config()["settings"], folder.metrics()
        assert name.split("/")[1] == settings["start"]
        assert settings["round"] == int(name.split("round-")[1][:2])
        assert metrics["sparsity"] == pytest.approx(1 - 0.8 ** settings["round"], abs=1e-4)
        assert (folder.predictions().label == folder.predictions().predicted).mean() == metrics["test_accuracy"]
        row = folder.history().iloc[metrics["tested_epoch"] - 1]
        assert (row.val_loss, row.val_accuracy) == (metrics["val_loss"], metrics["val_accuracy"])
        assert f"{metrics['test_accuracy']:.1%}" in out
        assert (folder.path / "images.csv").exists()
        assert not (folder.path / "model.keras").exists()
    code, out, _ = script("--target", "mine", "--data", photographs, *TINY, "--source", "target", **TRANSFER)
    assert code == 0
    assert "6 of 6 runs were finished already" in out


@pytest.mark.slow
def test_a_run_does_not_depend_on_those_before_it_nor_on_an_interruption(
    script, photographs, searched, tmp_path, monkeypatch
):
    line = ["--target", "mine", "--data", photographs, *TINY, "--source", "target", "--rounds", "2"]
    assert script(*line, "--keep-models", "--start", "ticket", "final", **TRANSFER)[0] == 0
    base, name = "ch2/transfer/mine/resnet20/mine", "round-02/seed-42"
    alone = tmp_path / "alone"
    given = ["--tickets", tmp_path / "runs/ch2/tickets", "--output", alone]
    save = checkpoint.Checkpoint.save

    def killed(self, *arguments):
        save(self, *arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint.Checkpoint, "save", killed)
    code, _, err = script(*line, *given, "--start", "final", "--baselines", **TRANSFER)
    assert code == 130
    assert "--resume" in err
    monkeypatch.setattr(checkpoint.Checkpoint, "save", save)
    code, _, err = script(*line, *given, "--start", "final", "--baselines", **TRANSFER)
    assert (code, "is unfinished; --resume continues it" in err) == (2, True)
    code, _, err = script(*line, *given, "--start", "final", "--baselines", "--resume", **TRANSFER)
    assert code == 0, err
    assert_same_results(tmp_path / "runs" / base / "final" / name, alone / base / "final" / name)


@pytest.mark.slow
def test_a_transfer_changes_nothing_that_it_should_not(searched, photographs, script, tmp_path):
    """Masks as in the ticket before and after; a new head, the same for every ticket; BatchNorm from the ticket."""
    line = ["--target", "mine", "--data", photographs, *TINY, "--source", "target", "--keep-models", "--baselines"]
    assert script(*line, **TRANSFER)[0] == 0
    trainee = Trainee("resnet20", 3, (8, 8, 3), tickets())
    heads = []
    for number in (0, 1, 2):
        spec = TicketSpec("mine", "resnet20", "ticket", number, 42, tickets(), 8, None, RunFolder(searched), "mine")
        ticket = load_ticket(searched / "tickets.h5", number)
        weights, masks = start_weights(spec, trainee)
        assert masks.keys() == ticket.masks.keys()
        for name, mask in masks.items():
            np.testing.assert_array_equal(mask, ticket.masks[name])
        pruning_callback = trainee.start(weights, masks)
        started = model_weights(trainee.model)
        for name, array in started.items():
            if name.startswith("head/"):
                continue
            expected = np.where(masks.get(name, True), ticket.weights[name], 0)
            np.testing.assert_array_equal(array, expected, err_msg=name)  # BatchNorm's moving averages among them
        heads.append(started["head/kernel"])
        assert not np.array_equal(started["head/kernel"], ticket.weights["head/kernel"])
        path = tmp_path / f"runs/ch2/transfer/mine/resnet20/mine/ticket/round-0{number}/seed-42/model.keras"
        trained = model_weights(keras.models.load_model(path))
        for name, mask in ticket.masks.items():
            assert mask.all() or number > 0
            assert not trained[name][~mask].any()
            assert (trained[name][mask] != started[name][mask]).mean() > 0.9
        for name, mask in pruning_callback.masks.items():
            np.testing.assert_array_equal(mask, masks[name])
    np.testing.assert_array_equal(heads[:2], heads[1:])


@pytest.mark.slow
def test_every_run_of_a_comparison_sees_the_images_in_the_same_order(script, photographs, searched, monkeypatch):
    orders, start_epoch = {}, Batches.start_epoch

    def recorded(self, epoch):
        start_epoch(self, epoch)
        if self.shuffle_seed is not None:
            orders.setdefault((len(folders), epoch), self.rows[self.order].tolist())

    folders, begin = [], RunFolder.begin

    def begun(self, *arguments):
        folders.append(self.path)
        begin(self, *arguments)

    monkeypatch.setattr(Batches, "start_epoch", recorded)
    monkeypatch.setattr(RunFolder, "begin", begun)
    line = ["--target", "mine", "--data", photographs, *TINY, "--source", "target"]
    assert script(*line, **TRANSFER)[0] == 0
    assert len(folders) == 6
    for epoch in (0, 1):
        assert len({tuple(orders[run, epoch]) for run in range(1, 7)}) == 1
    assert orders[1, 0] != orders[1, 1]


@pytest.mark.parametrize("start", ["reinitialised", "random-masks", "final"])
def test_what_controls_start_from(searched, start):
    trainee = Trainee("resnet20", 3, (8, 8, 3), tickets())
    spec = TicketSpec("mine", "resnet20", start, 2, 42, tickets(), 8, None, RunFolder(searched), "mine", new_head=False)
    weights, masks = start_weights(spec, trainee)
    ticket = load_ticket(searched / "tickets.h5", 2)
    same_masks = all(np.array_equal(mask, ticket.masks[name]) for name, mask in masks.items())
    assert same_masks == (start != "random-masks")
    assert {name: mask.sum() for name, mask in masks.items()} == {name: m.sum() for name, m in ticket.masks.items()}
    expected = {"random-masks": ticket.weights, "final": ticket.final()}.get(start)
    if expected is None:
        kernel, theta_k = weights["conv1_conv/kernel"], ticket.weights["conv1_conv/kernel"]
        assert abs(np.corrcoef(kernel.ravel(), theta_k.ravel())[0, 1]) < 0.2  # drawn anew, not θ_0 of the search
        assert not weights["conv1_bn/moving_mean"].any()
    else:
        for name, array in weights.items():
            np.testing.assert_array_equal(array, expected[name])


def test_random_weights_differ_by_seed_and_are_the_same_for_one(searched):
    trainee = Trainee("resnet20", 3, (8, 8, 3), tickets())
    one, again, other = (trainee.draw(seed)["conv1_conv/kernel"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_what_reading_loses_of_pictures_is_recorded(tmp_path):
    folder = write_class_folders(tmp_path / "data", ["a", "b"], 12)
    Image.new("RGBA", (40, 40), (9, 9, 9, 0)).save(folder / "a" / "000.jpg", "png")
    collection = collections.open_collection(folder, "type")
    experiment = CollectionData(collection, splits.make_split(collection.labels("type")), tmp_path / "cache")
    data = experiment.images(8, tickets(), "type", "mine").fraction(0.5, 0)
    (line,) = Trainee("resnet20", 2, (8, 8, 3), tickets()).config({}, data, [])["reading_losses"]
    assert "1 of 24 images are transparent, and one colour to the network" in line
    assert 'decoding="upright" reads' in line


@pytest.mark.slow
def test_batchnorm_settings_are_runs_of_their_own_and_recorded(script, photographs, searched, tmp_path):
    line = ["--target", "mine", "--data", photographs, *TINY, "--source", "target", "--rounds", "1"]
    line += ["--baselines", "scratch", "--set", "optimizer.learning_rate=0.01"]
    assert script(*line, **TRANSFER)[0] == 0
    assert script(*line, "--bn-momentum", "0.5", "--bn-recalibrate", **TRANSFER)[0] == 0
    base = tmp_path / "runs/ch2/transfer/mine/resnet20/scratch"
    usual, changed = (
        RunFolder(base / f"scratch{variant}/round-00/seed-42") for variant in ("", "-bn-0.5-recalibrated")
    )
    assert usual.read_config()["settings"]["batchnorm"] == {"momentum": 0.99, "recalibrate": False}
    config = changed.read_config()
    assert config["settings"]["batchnorm"] == {"momentum": 0.5, "recalibrate": True}
    assert "BatchNormalization's momentum is 0.5, not Keras' own" in config["deviations"]
    # Training itself does not look at moving statistics; validation does, and is better off with these.
    np.testing.assert_array_equal(usual.history().loss, changed.history().loss)
    assert (usual.history().val_loss > changed.history().val_loss).all()


def test_a_momentum_of_zero_is_not_taken_for_none():
    assert BatchNorm(0.0).settings == {"momentum": 0.0, "recalibrate": False}
    assert BatchNorm().settings["momentum"] == keras.layers.BatchNormalization().momentum


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
def test_one_process_gives_what_many_give(photographs, script, tmp_path):
    """A network that is used again for the next run starts as a new one would."""
    line = ["--source", "mine", "--data", photographs, *TINY, "--rounds", "1"]
    assert script(*line, "--seed", "1", "2", **FIND)[0] == 0
    assert script(*line, "--seed", "2", "--output", tmp_path / "other", **FIND)[0] == 0
    path = "ch2/tickets/mine/resnet20/seed-2/tickets.h5"
    first, second = (load_ticket(tmp_path / each / path, 1) for each in ("runs", "other"))
    for name, array in first.weights.items():
        np.testing.assert_array_equal(array, second.weights[name])
    for name, mask in first.masks.items():
        np.testing.assert_array_equal(mask, second.masks[name])


def test_a_network_is_built_once_for_runs_that_can_share_it():
    one = kept_trainee("lenet_300_100", 3, (6, 6, 1), tickets())
    assert kept_trainee("lenet_300_100", 3, (6, 6, 1), tickets()) is one
    assert kept_trainee("lenet_300_100", 4, (6, 6, 1), tickets()) is not one


def test_steps_executed_at_once_change_no_number():
    rng = np.random.default_rng(0)
    pixels, labels = rng.integers(0, 256, (90, 6, 6, 1)).astype("uint8"), np.eye(3, dtype="float32")[np.arange(90) % 3]
    trained = []
    for at_once in (1, 4):
        trainee = Trainee("lenet_300_100", 3, (6, 6, 1), tickets(), executed_at_once=at_once)
        callback = trainee.start(trainee.draw(0))
        trainee.model.fit(pixels, labels, batch_size=20, epochs=2, shuffle=False, callbacks=[callback], verbose=0)
        trained.append(model_weights(trainee.model))
    for name, array in trained[0].items():
        np.testing.assert_array_equal(array, trained[1][name])


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
    code, out, _ = script("--source", "fashion-mnist", "--seed", "1", "2", "--dry-run", **TRANSFER)
    assert code == 0
    assert len(re.findall("^to do  .*/scratch/", out, re.M)) == 2
    assert len(re.findall("^refused  .* starts from .*seed-[12], which is not finished; make that", out, re.M)) == 62
    assert "64 runs: 2 to do, 62 refused; what is left takes about" in out
    assert not (tmp_path / "runs").exists()


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


def test_options_are_those_of_the_library():
    assert pruning.search.SearchSettings().reset == RESETS[0]
    assert (search_settings.RESETS, search_settings.REWIND_UNITS, pruning.masks.SCOPES) == (RESETS, UNITS, SCOPES)
    for parser in (search_parser, transfer_parser, lth_parser):
        parser("x").parse_args([])
    with pytest.raises(InputError):
        search_settings.SearchSettings(reset="none")
