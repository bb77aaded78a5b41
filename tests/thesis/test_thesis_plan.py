"""The plan of the whole thesis: counts, steps, hours and disk worked out by hand from the published numbers."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from arttl.base.assumed import TFLOPS
from arttl.base.errors import InputError
from arttl.base.steps import StepTimes
from arttl.cli.thesis_parser import thesis_parser
from arttl.lottery.everything import Chapter2
from arttl.runs.costs import cost
from arttl.thesis.runs import thesis_runs
from arttl.thesis.table import plan_table, product, run_thesis

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def runs():
    return thesis_runs("planned")


@pytest.fixture(scope="module")
def times():
    return StepTimes.read()


@pytest.fixture(scope="module")
def table(runs, times):
    return plan_table(runs, [cost(run, times, TFLOPS) for run in runs])


def rows(table, start):
    return table[table.experiment.str.startswith(start)]


def the_run(runs, folder):
    (found,) = (run for run in runs if run.folder == Path("planned", folder))
    return found


def test_table_2_is_three_challenges_of_four_networks_twice_and_one_from_scratch(table):
    assert rows(table, "Table 2").runs.sum() == 3 * (4 * 2 + 1)
    scratch = table[table.experiment == "Table 2, from scratch"]
    assert scratch.network.tolist() == ["inception_v3"]
    assert scratch.image_size.tolist() == [299]
    assert set(rows(table, "Table 2")["product"]) == {"3 challenges x 1 seed"}


def test_table_3_is_two_challenges_of_two_sources_twice(table):
    assert rows(table, "Table 3").runs.sum() == 2 * 4 * 2 * 2
    assert set(rows(table, "Table 3")["product"]) == {"2 challenges x 2 sources x 1 seed"}


@pytest.mark.parametrize(
    ("experiment", "number", "written"),
    [
        ("Figure 5, search", 3, "1 source x 3 seeds"),
        ("Figure 5, controls", 180, "1 target x 2 starts x 30 rounds x 3 seeds"),
        ("searches on natural sources", 12, "3 sources x 4 seeds"),
        ("searches on targets", 28, "7 targets x 4 seeds"),
        ("Table 5, transfers", 2232, "6 targets x 3 sources x 31 rounds x 4 seeds"),
        ("Table 5, target tickets", 744, "6 targets x 31 rounds x 4 seeds"),
        ("Table 5, from scratch", 24, "6 targets x 4 seeds"),
        ("Figure 8, reinitialised", 720, "6 targets x 30 rounds x 4 seeds"),
        ("Figure 9a, final weights", 248, "1 target x 2 sources x 31 rounds x 4 seeds"),
        ("Figure 9b, related source", 620, "620 runs"),  # of one source to Mouse-LBA, of four to Artist-2
        ("Figure 9c, searches on a part", 24, "2 targets x 3 parts x 4 seeds"),
    ],
)
def test_chapter_2_by_hand(table, experiment, number, written):
    (row,) = table[table.experiment == experiment].itertuples()
    assert row.runs == number
    assert row.product == written
    assert row.trainings == (31 if "search" in experiment else 1)


def test_all_runs_are_different_and_their_number_is_right(runs, table):
    chapter1 = 27 + 32 + 2 * 4
    thesis = 3 + 180 + 12 + 24 + 28 + 2232 + 744 + 24 + 720 + 248 + (620 + 124 + 4)
    assert len(runs) == len({run.folder for run in runs}) == chapter1 + thesis == 5030
    assert table.runs.sum() == 5030


def test_a_run_that_several_experiments_need_counts_for_the_first(runs):
    shared = the_run(runs, "ch2/transfer/mouse-lba/resnet50/mouse-lba/ticket/round-01/seed-1")
    assert shared.experiment == "Table 5, target tickets"  # not Figure 9b, which compares with it
    chapters = [run.chapter for run in runs]
    assert chapters == sorted(chapters)


def test_folders_are_those_that_the_experiments_use(runs):
    known = {run.folder.as_posix() for run in runs}
    assert {
        "planned/ch1/rijks/type/resnet50/fine-tuning/seed-42",
        "planned/ch1/antwerp/artist/vgg19/off-the-shelf/rijks/seed-42",
        "planned/ch1/saliency/artist/resnet50/seed-42",
        "planned/ch2/tickets/cifar10/resnet50/seed-1",
        "planned/ch2/tickets/lung-tissues/resnet50/fraction-25/seed-4",
        "planned/ch2/transfer/human-lba/resnet50/cifar100/ticket/round-00/seed-4",
        "planned/ch2/transfer/human-lba/resnet50/cifar100/ticket/round-30/seed-4",
        "planned/ch2/transfer/artist-classification-2/resnet50/cifar10/ticket/round-30/seed-4",
        "planned/ch2/transfer/human-lba/resnet50/cifar10/final/round-01/seed-1",
        "planned/ch2/transfer/mouse-lba/resnet50/human-lba/ticket/round-07/seed-2",
        "planned/ch2/transfer/bone-marrow/resnet50/scratch/scratch/round-00/seed-3",
        "planned/ch2/lth/controls/mnist/lenet_300_100/mnist/random-masks/round-05/seed-1",
    } <= known
    assert not [folder for folder in known if "artist-classification-2/resnet50/artist-classification-2/rein" in folder]


def test_steps_by_hand(table):
    # Batches of 32 of 80% of Table 1: 88,534 images of material, 89,610 of type, 65,614 of artists.
    assert set(table[table.experiment == "Table 2, fine tuning"].steps) == {20 * (2767 + 2801 + 2051)}
    # Batches of 64 of Table 4, in its order: 4051, 4881, 1722, 522, 3103, 2868 training images.
    assert rows(table, "Table 5, from scratch").steps.tolist() == [20 * 4 * (64 + 77 + 27 + 9 + 49 + 45)]
    # 45,000 training images of CIFAR and 54,000 of Fashion-MNIST; 31 trainings.
    assert rows(table, "searches on natural").steps.tolist() == [31 * 20 * 4 * (704 + 704 + 844)]
    # Of MNIST's 54,000 images 60 epochs of 844 batches are the first to reach 50,000 steps.
    assert rows(table, "Figure 5, search").steps.tolist() == [31 * 3 * 60 * 844]
    assert rows(table, "searches on natural").images_most.tolist() == [54_000]


def invented_times(tmp_path, **changes):
    row = {"chapter": 2, "network": "resnet50", "image_size": 224, "work": "train", "batch": 64, "seconds": 3.0}
    row |= {"processor_seconds": 6.0, "load": 0, "multiply_adds": 10**9, "parameters": 10, "machine": "m"}
    frame = pd.DataFrame([row | {"versions": "v", "date": "d"} | changes])
    frame.to_csv(tmp_path / "times.csv", index=False)
    return tmp_path / "times.csv"


def test_cost_by_hand(runs, tmp_path):
    run = the_run(runs, "ch2/transfer/bone-marrow/resnet50/scratch/scratch/round-00/seed-1")
    found = cost(run, StepTimes.read(invented_times(tmp_path)), 2.0, {"tickets": 10})
    # 522 training images are 9 batches, 130 for validation 3, 639 in the test 10; a batch forward takes a third.
    assert (found.epochs, found.steps) == (10, 90)
    assert found.cpu_seconds == pytest.approx(90 * 3 + (10 * 3 + 10) * 1)
    assert found.core_seconds == pytest.approx(90 * 6 + (10 * 3 + 10) * 2)
    assert found.gpu_seconds == pytest.approx(64 * 1e9 * (6 * 90 + 2 * 40) / 2e12)
    assert found.disk == pytest.approx(10e3 + 85 * 1291 + 64 * 639)  # Table 4: 1,291 images, 639 in the test


def test_disk_by_hand(runs, table, times):
    stores = table[table.experiment == "--cache: decoded images"].set_index(["data", "image_size"]).disk_bytes
    assert stores["Rijksmuseum", 224] == 112_012 * 224 * 224 * 3
    assert stores["Antwerp", 299] == 23_797 * 299 * 299 * 3
    assert len(stores) == 2 * 2 + 7
    search = the_run(runs, "ch2/tickets/cifar10/resnet50/seed-1")
    part = the_run(runs, "ch2/tickets/human-lba/resnet50/fraction-50/seed-1")
    assert cost(search, times, 1).disk == pytest.approx(509.2e6, rel=1e-3)
    assert cost(part, times, 1).disk == pytest.approx(105.6e6, rel=1e-3)
    # ResNet50: 23,587,712 weights of the backbone, 2,049 for each of 206 materials; 4 bytes each.
    tuned = the_run(runs, "ch1/rijks/material/resnet50/fine-tuning/seed-42")
    assert cost(tuned, times, 1).disk == pytest.approx(4 * (23_587_712 + 2049 * 206) + 85 * 110_668, rel=1e-2)


def test_x_of_imagenets_networks_is_computed_once_and_of_rijksmuseums_for_each_challenge(runs):
    passes = [(run.folder.as_posix(), run.passes) for run in runs if run.passes and run.network == "vgg19"]
    assert [number for _, number in passes] == [112_012, 23_797, 23_797, 23_797]
    assert [folder for folder, _ in passes][-1] == "planned/ch1/antwerp/artist/vgg19/off-the-shelf/rijks/seed-42"


@pytest.mark.parametrize(
    ("network", "size", "published"),
    [
        ("resnet50", 224, 3.8e9),  # He et al. 2016, Table 1
        ("vgg19", 224, 19.6e9 - 0.12e9),  # the same, section 3.3, less its dense layers
        ("inception_v3", 299, 5.72e9),  # Zoph et al. 2018 (arXiv:1707.07012), Table 2
        ("xception", 299, 8.38e9),  # the same
    ],
)
def test_multiply_adds_of_the_step_times_are_the_published_ones(times, network, size, published):
    assert times.step(1, network, size, "train").multiply_adds == pytest.approx(published, rel=0.02)


def test_multiply_adds_by_hand(times):
    assert times.step(2, "lenet_300_100", 28, "train").multiply_adds == 784 * 300 + 300 * 100 + 100 * 20
    from arttl.models import resnet20
    from arttl.pruning.sizes import multiply_adds

    # A stage has six convolutions of 9 weights an input and output channel, the first of the later stages half as wide.
    stem, first = 32 * 32 * 27 * 16, 32 * 32 * 9 * 16 * 16 * 6
    second, third = 16 * 16 * 9 * 32 * (16 + 5 * 32), 8 * 8 * 9 * 64 * (32 + 5 * 64)
    assert multiply_adds(resnet20(10)) == stem + first + second + third + 64 * 10


def test_every_step_of_the_thesis_is_measured(runs, times):
    assert np.isfinite([cost(run, times, 1).cpu_seconds for run in runs]).all()


def test_uneven_numbers_are_not_written_as_a_product():
    assert product([(("target", "a"), ("seed", 1)), (("target", "a"), ("seed", 2))]) == "1 target x 2 seeds"
    uneven = [(("target", "a"), ("seed", 1)), (("target", "a"), ("seed", 2)), (("target", "b"), ("seed", 1))]
    assert product(uneven) == "3 runs"


def test_csv_and_list(tmp_path, capsys, table):
    csv = tmp_path / "plan.csv"
    run_thesis(thesis_parser("").parse_args(["--dry-run", "--chapter", "1", "--list", "--csv", str(csv)]))
    written, printed = pd.read_csv(csv, keep_default_na=False), capsys.readouterr().out
    wanted = table[table.chapter == 1]
    pd.testing.assert_frame_equal(written, wanted.reset_index(drop=True), check_dtype=False, check_like=True)
    assert len(re.findall(r"^runs/ch1/\S+/seed-42  ", printed, re.M)) == 67
    assert "epochs are assumed" in printed
    assert "GPU hours (estimate)" in printed


def test_epochs_and_speed_are_the_options(tmp_path):
    found = []
    for given in ([], ["--epochs", "fine-tuning=10"], ["--tflops", "9"]):
        line = ["--dry-run", "--chapter", "1", "--csv", str(tmp_path / "plan.csv"), *given]
        run_thesis(thesis_parser("").parse_args(line))
        found.append(rows(pd.read_csv(tmp_path / "plan.csv"), "Table 2, fine tuning").sum(numeric_only=True))
    usual, shorter, faster = found
    assert shorter.steps * 2 == usual.steps
    assert faster.gpu_hours_estimate * 2 == pytest.approx(usual.gpu_hours_estimate)
    assert faster.cpu_hours == usual.cpu_hours


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ([], "ch1_all.py and experiments/ch2_all.py"),
        (["--dry-run", "--step-times", "missing.csv"], "missing.csv cannot be read"),
    ],
)
def test_refusals(line, said):
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        run_thesis(thesis_parser("").parse_args(line))
    assert "\n" not in str(caught.value)


def test_bad_step_times_are_refused(tmp_path, runs):
    with pytest.raises(InputError, match="line 2: a number is missing or not above 0"):
        StepTimes.read(invented_times(tmp_path, seconds=0))
    with pytest.raises(InputError, match="--only ch1-vgg19-224-train"):
        StepTimes.read(invented_times(tmp_path)).step(1, "vgg19", 224, "train")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="no column chapter"):
        StepTimes.read(tmp_path / "other.csv")


@pytest.mark.parametrize("words", [["--epochs", "0"], ["--epochs", "fast=3"], ["--tflops", "0"], ["--tflops", "nan"]])
def test_bad_options_end_with_2(words):
    with pytest.raises(SystemExit) as caught:
        thesis_parser("").parse_args(["--dry-run", *words])
    assert caught.value.code == 2


DOCUMENTED = {
    "Table 2, Figures 2 and 3": ("Table 2",),
    "Table 3": ("Table 3",),
    "Figure 4": ("Figure 4",),
    "Figure 5": ("Figure 5",),
    "Tables 5 and 6, Figure 8: searches": ("searches on",),
    "Tables 5 and 6, Figure 8: trainings": ("Table 5", "Figure 8"),
    "Figure 9a": ("Figure 9a",),
    "Figure 9b": ("Figure 9b",),
    "Figure 9c": ("Figure 9c",),
    "in all": ("",),
}


def test_the_costs_in_reproduce_md_are_those_of_the_plan(table):
    text = (ROOT / "docs" / "reproduce.md").read_text(encoding="utf-8")
    found = dict(re.findall(r"^\| ([^|]+) \| ([\d,]+ \| [\d.,]+) \|$", text, re.M))
    wanted = {}
    for title, starts in DOCUMENTED.items():
        part = table[table.experiment.str.startswith(starts)]
        hours = part.gpu_hours_estimate.sum()
        wanted[title] = f"{part.runs.sum():,} | {hours:,.0f}" if hours >= 10 else f"{part.runs.sum():,} | {hours:.1f}"
    assert found == wanted


def test_another_study_of_batchnormalization_is_made_when_asked_for():
    """504 runs, 496 of them new, that the thesis does not have (issue 21)."""
    data = {"cifar10": "keras"}, {"human-lba": "human-lba"}
    usual, more = (Chapter2(*data, batchnorm=asked).steps() for asked in (False, True))
    assert [step.title for step in more if step.title not in {each.title for each in usual}] == [
        "BatchNorm on human-lba, momentum 0.9",
        "BatchNorm on human-lba, re-estimated",
    ]
    assert len(more) == len(usual) + 2
