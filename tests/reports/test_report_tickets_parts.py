"""Figure 9c's table: searches on all training images against those on parts of them, on the same test images."""

import numpy as np
import pandas as pd
import pytest
from report_tickets import write_search

from arttl.reports.tickets.collect import collect_tickets
from arttl.reports.tickets.figures import figure9
from arttl.reports.tickets.parts import parts_table
from arttl.reports.tickets.series import make_series
from arttl.runs.metrics import difference_over_seeds

WHOLE, QUARTER = ("11110111", "11111110", "11110011"), ("11000011", "01110000", "00110011")


def write_part(root, seed, fraction, right, settings=None):
    """A search whose round 1 has the images right that `right` says, and whose round 2, of lower validation, all."""
    below = f"ch2/tickets/{fraction}{len(settings or ())}"
    accuracies = [(0.5, 0.1), (right.count("1") / len(right), 0.9), (1.0, 0.8)]
    folder = write_search(
        root, "human-lba", seed, accuracies, below=below, fraction=fraction, network="resnet20", settings=settings
    )
    labels = np.arange(len(right)) % 3
    wrong = (labels + 1) % 3
    answers = np.where([each == "1" for each in right], labels, wrong)
    table = pd.DataFrame({"label": labels, "round_0": wrong, "round_1": answers, "round_2": labels})
    table.to_csv(folder / "answers.csv", index=False)
    return folder


def write_parts(root, **options):
    for fraction, sides in ((1.0, WHOLE), (0.25, QUARTER)):
        for seed, right in enumerate(sides, 1):
            write_part(root, seed, fraction, right, **options)


def lines_of(root):
    return parts_table(collect_tickets(root).searches).data.to_dict("records")


def test_the_whole_is_compared_with_its_parts_in_the_rounds_that_validation_chooses(tmp_path):
    """Right of 8: 7, 7, 6 of the whole, 4, 3, 4 of the quarter: 9 of 24 more."""
    write_parts(tmp_path)
    write_search(tmp_path, "lung-tissues")  # of the whole alone
    (line,) = lines_of(tmp_path)
    right = (np.array([[*map(int, text)] for text in side]).T for side in (WHOLE, QUARTER))
    difference, low, high = (100 * each for each in difference_over_seeds(*right))
    assert line["difference"] == pytest.approx(100 * 9 / 24) == pytest.approx(difference)
    assert (line["low"], line["high"]) == pytest.approx((low, high))
    (row,) = parts_table(collect_tickets(tmp_path).searches).rows
    assert [cell.text for cell in row] == [
        "Human-LBA", "ResNet20", "1", "25%", "1", "+37.50", f"[{low:+.1f}, {high:+.1f}]", "8", "3", "", "better"
    ]  # fmt: skip


def test_searches_of_another_setting_of_batchnorm_are_a_study_of_their_own(tmp_path):
    """A quarter whose statistics are estimated anew once stood in one panel with a whole whose are not."""
    for seed, right in enumerate(WHOLE, 1):
        write_part(tmp_path, seed, 1.0, right)
    recalibrated = {"batchnorm": {"momentum": 0.99, "recalibrate": True}}
    for seed, right in enumerate(QUARTER, 1):
        write_part(tmp_path, seed, 0.25, right, recalibrated)
    assert lines_of(tmp_path) == []
    tickets = collect_tickets(tmp_path)
    assert figure9(make_series(tickets.runs), "figure9c", tickets.searches) is None

    for seed, right in enumerate(WHOLE, 1):
        write_part(tmp_path, seed, 1.0, right, recalibrated)
    assert [line["result"] for line in lines_of(tmp_path)] == ["better"]
    tickets = collect_tickets(tmp_path)
    (axes,) = figure9(make_series(tickets.runs), "figure9c", tickets.searches).axes
    title = "Human-LBA, ResNet20, target ticket, momentum 0.99, recalibrated (3 seeds)"
    assert axes.get_title().replace("\n", " ") == title
    axes.figure.canvas.draw()
    assert axes.title.get_window_extent().x0 >= 0  # once a long one began outside of the picture


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "answers.csv").unlink(), "has no answers.csv; make the search anew with force=True"),
        (lambda folder: (folder / "answers.csv").write_text("label\n0\n", encoding="utf-8"), "has no round_1"),
        (lambda folder: (folder / "answers.csv").write_text("", encoding="utf-8"), "answers.csv cannot be read"),
    ],
)
def test_searches_without_answers_are_not_compared_and_it_is_said(tmp_path, spoil, said):
    """Searches of before arttl kept them have none."""
    write_parts(tmp_path)
    spoil(tmp_path / "ch2/tickets/0.250/human-lba/resnet20/seed-2")
    (line,) = lines_of(tmp_path)
    assert line["result"].startswith("not compared")
    assert said in line["problem"]


def test_searches_that_differ_in_more_than_their_part_are_not_compared(tmp_path):
    write_parts(tmp_path)
    for seed in (1, 2, 3):
        write_part(tmp_path, seed, 0.5, "11111111", {"image_size": 8})
    found = {line["than_fraction"]: line["result"] for line in lines_of(tmp_path)}
    assert found == {0.5: "not compared: they differ in image_size", 0.25: "better"}
