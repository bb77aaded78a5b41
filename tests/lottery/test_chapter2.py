"""Chapter 2's transfers as users run them: what they start from, and that each is for itself. Small networks."""

import keras
import numpy as np
import pytest
from chapter2_scripts import FIND, TINY, TRANSFER, assert_same_results
from scripts import run_folders

from arttl.lottery.networks import Trainee, kept_trainee
from arttl.lottery.ticket_runs import BatchNorm, TicketSpec, start_weights
from arttl.pruning import load_ticket, model_weights
from arttl.recipes import tickets
from arttl.runs import RunFolder
from arttl.training import Batches, checkpoint


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


@pytest.mark.slow
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
