"""Figures of searches: Figure 5 and its controls, the layers of one search, ticks, samples."""

import numpy as np
import pandas as pd
import pytest
from report_tickets import series_of, write_search, write_ticket
from tickets_drawn import band_of, lines_of

from arttl.collections import bundled
from arttl.reports.figures import save_figure
from arttl.reports.pictures import Pictures
from arttl.reports.tickets.collect import collect_tickets
from arttl.reports.tickets.figures import figure8, figure9
from arttl.reports.tickets.lottery import figure5, lottery_problems
from arttl.reports.tickets.samples import target_samples
from arttl.reports.tickets.searches import layers_remaining, search_figure, search_figures
from arttl.reports.tickets.series import make_series


def ticks_of(axes):
    return [round(float(tick), 4) for tick in axes.get_xticks()]


def write_lottery(root, **options):
    for seed, high in ((1, 0.9), (2, 0.7)):
        write_search(root, "mnist", seed, [(0.9, 0.9), (high, 0.5)], below="ch2/lth/tickets", **options)
        for start, right in (("reinitialised", 6), ("random-masks", 4)):
            write_ticket(root, "mnist", "mnist", 1, right, seed, start=start, below="ch2/lth/controls")


def test_figure_5_draws_winning_tickets_and_their_controls(tmp_path):
    write_lottery(tmp_path)
    write_search(tmp_path, "fashion_mnist", 1)  # of Chapter 2 proper
    tickets = collect_tickets(tmp_path)
    (axes,) = figure5(tickets).axes
    lines = lines_of(axes)
    colours = {name: line.get_color() for name, line in lines.items()}
    assert colours == {
        "winning ticket": "tab:blue", "random reinitialisation": "tab:orange", "random masks": "tab:brown"
    }  # fmt: skip
    np.testing.assert_allclose(lines["winning ticket"].get_xydata(), [[0, 90], [0.2, 80]])
    np.testing.assert_allclose(band_of(axes, "tab:blue")[1], [0.2, 80 - 10 * 2**0.5, 80 + 10 * 2**0.5])
    assert lines["random masks"].get_xydata().tolist() == [[pytest.approx(0.2), pytest.approx(40)]]
    assert axes.get_title() == "MNIST, ResNet50 (2 seeds)"
    assert lottery_problems(tickets) == []


def test_searches_of_figure_5_with_other_settings_are_said_and_not_drawn(tmp_path):
    write_lottery(tmp_path)
    write_search(tmp_path, "mnist", 3, below="ch2/lth/tickets", settings={"image_size": 8})
    tickets = collect_tickets(tmp_path)
    assert figure5(tickets) is None
    (line,) = lottery_problems(tickets)
    assert "differ in image_size" in line


def test_searches_of_other_lengths_go_together(tmp_path):
    write_lottery(tmp_path)
    write_search(tmp_path, "mnist", 3, [(0.6, 0.5), (0.5, 0.5), (0.4, 0.5)], below="ch2/lth/tickets")
    (axes,) = figure5(collect_tickets(tmp_path)).axes
    lines = lines_of(axes)
    np.testing.assert_allclose(lines["winning ticket"].get_ydata(), [80, 70])  # of 90, 90, 60 and of 90, 70, 50
    np.testing.assert_allclose(lines["_lacks seeds winning ticket"].get_xydata(), [[0.36, 40]])


def test_a_search_s_plots(tmp_path):
    accuracies = [(0.5, 0.55), (0.7, 0.6), (0.6, 0.65)]
    write_search(tmp_path, accuracies=accuracies, layers=("stem/kernel", "a/kernel"), complete=False)
    ((stem, row, draw),) = search_figures(collect_tickets(tmp_path).searches)
    assert stem == "ch2-tickets-fashion_mnist-resnet50-seed-1"
    assert row["seed"] == 1
    figure = draw()
    left, right, bar = figure.axes
    lines = lines_of(left)
    np.testing.assert_allclose(lines["test"].get_xydata(), [[0, 50], [1, 70], [2, 60]])
    np.testing.assert_allclose(lines["validation"].get_ydata(), [55, 60, 65])
    np.testing.assert_allclose(lines["weights pruned"].get_ydata(), [0, 20, 36])
    (image,) = right.images
    # by 0.8 a round in the first layer, by 0.8² in the second, of 1,000 weights
    np.testing.assert_allclose(image.get_array(), [[1, 0.8, 0.64], [1, 0.64, 0.41]])
    assert [text.get_text() for text in right.get_yticklabels()] == ["stem", "a"]
    assert image.get_extent() == [-0.5, 2.5, 1.5, -0.5]
    assert "remains" in bar.get_ylabel()
    figure.draw_without_rendering()
    labels = {text.get_text() for text in (*bar.get_yticklabels(), *bar.get_yticklabels(minor=True))}
    assert {"100%", "50%"} <= labels
    assert figure.get_suptitle() == "Fashion-MNIST, ResNet50, seed 1 (unfinished)"


def test_a_layer_that_has_lost_all_its_weights_stands_out(tmp_path):
    layers = pd.DataFrame(
        {"round": [0, 0, 2, 2], "layer": ["z", "b"] * 2, "weights": 100, "remaining": [100, 100, 1, 0]}
    )
    table = layers_remaining(layers)
    assert table.index.tolist() == ["z", "b"]  # the file's order
    np.testing.assert_array_equal(table, [[1, np.nan, 0.01], [1, np.nan, 0]])  # round 1 has no row
    write_search(tmp_path)
    (row,) = collect_tickets(tmp_path).searches.to_dict("records")
    (image,) = search_figure(row | {"layers": layers}).axes[1].images
    shades = image.cmap(image.norm(image.get_array()))
    assert shades[1, 2].tolist() == [1, 0, 0, 1]
    assert shades[0, 2].tolist() != [1, 0, 0, 1]
    assert len(search_figure(row | {"layers": layers[:0]}).axes) == 1  # no empty axes


def test_many_layers_are_all_drawn_and_as_many_named_as_have_room(tmp_path):
    write_search(tmp_path, layers=[f"conv{n}/kernel" for n in range(130)])
    (row,) = collect_tickets(tmp_path).searches.to_dict("records")
    axes = search_figure(row).axes[1]
    assert axes.images[0].get_array().shape == (130, 3)
    assert [text.get_text() for text in axes.get_yticklabels()][:2] == ["conv0", "conv3"]


def test_names_are_no_mathematics(tmp_path):
    hostile = "$\\frac{"
    write_ticket(tmp_path, target=hostile, source="_under", network="$x^{")
    write_ticket(tmp_path, target=hostile, source="$y_{", network="$x^{", start="final")
    write_search(tmp_path, "$\\sqrt{", layers=("$\\frac{", "b"))
    tickets = collect_tickets(tmp_path)
    series = make_series(tickets.runs)
    for figure in (figure8(series), figure9(series, "figure9a"), search_figures(tickets.searches)[0][2]()):
        png, pdf = save_figure(figure, tmp_path, "figure")
        assert png.read_bytes().startswith(b"\x89PNG")
        assert pdf.read_bytes().startswith(b"%PDF")


def test_samples_come_from_targets_that_can_be_opened_and_from_the_package(tmp_path):
    labels = bundled("clipart-a").labels("type")
    folder = write_ticket(tmp_path, target="clipart-a type", source="fashion_mnist")
    images = pd.DataFrame({"image_id": labels.index[:70], "label": labels.values[:70], "split": "train"})
    images.to_csv(folder / "images.csv", index=False)
    write_ticket(tmp_path, target="Human-LBA", source="cifar10")
    rows = target_samples(collect_tickets(tmp_path), Pictures({"clipart-a": [bundled("clipart-a")]}))
    assert list(rows) == ["clipart-a type", "Fashion-MNIST (the package's subset)"]
    assert [label for _, label in rows["clipart-a type"]] == labels.iloc[:70:10].tolist()
    assert len(rows["Fashion-MNIST (the package's subset)"]) == 7
    assert all(picture.mode == "RGB" for picture, _ in rows["Fashion-MNIST (the package's subset)"])


def test_a_short_search_has_ticks_too(tmp_path):
    for number in (1, 3):  # 0.2 and 0.488 pruned
        write_ticket(tmp_path, number=number, network="resnet20")
    (axes,) = figure8(series_of(tmp_path)).axes
    assert ticks_of(axes) == [0.2, 0.3, 0.4]


def test_a_whole_search_has_ticks_to_its_end(tmp_path):
    for number in range(1, 32):
        write_ticket(tmp_path, number=number)
    (axes,) = figure8(series_of(tmp_path)).axes[:1]
    ticks = ticks_of(axes)
    assert {0.9, 0.99, 0.999} <= set(ticks)  # the last round's is 1 - 0.8³¹ = 0.9990
    places = axes.transAxes.inverted().transform(axes.transData.transform([(tick, 0) for tick in ticks]))[:, 0]
    assert np.diff(places).min() > 0.06
    assert places.min() >= 0
    assert places.max() <= 1
