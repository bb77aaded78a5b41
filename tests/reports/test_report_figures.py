"""The report's figures: the thesis' line styles, every seed's curve, published marks where they belong."""

import numpy as np
import pytest
from PIL import Image
from report_runs import report, write_run

from arttl.collections import bundled
from arttl.reports.collect import collect_runs
from arttl.reports.figures import accuracy_curves, sample_pictures, sample_rows, save_figure
from arttl.reports.pictures import Pictures
from arttl.reports.saliency import saliency_figures


@pytest.fixture
def collected(tmp_path):
    """Runs of type with three approaches, off the shelf with two seeds; none of artist or material."""
    write_run(tmp_path, approach="off-the-shelf", seed=1, accuracies=(0.1, 0.2, 0.3))
    write_run(tmp_path, approach="off-the-shelf", seed=2, accuracies=(0.15, 0.25))
    write_run(tmp_path, accuracies=(0.5, 0.6))
    write_run(tmp_path, approach="scratch", architecture="inception_v3", accuracies=(0.05, 0.07))
    write_run(tmp_path, experiment="antwerp", source="imagenet", accuracies=(0.99,))
    return collect_runs(tmp_path)


def curves(axes):
    """Lines of the runs: label without its leading underscore to a list of Line2D."""
    found = {}
    for line in axes.get_lines():
        if not line.get_label().startswith("_published"):
            found.setdefault(line.get_label().lstrip("_"), []).append(line)
    return found


def test_curves_have_the_thesis_line_styles(collected):
    (axes,) = accuracy_curves(collected, ("type", "artist")).axes
    lines = curves(axes)
    assert set(lines) == {"ResNet50, off the shelf (2 seeds)", "ResNet50, fine tuning", "Scratch-V3"}
    (scratch,) = lines["Scratch-V3"]
    assert (scratch.get_linestyle(), scratch.get_color()) == ("-", "tab:orange")
    (tuned,) = lines["ResNet50, fine tuning"]
    assert tuned.get_linestyle() == "--"
    shelf = lines["ResNet50, off the shelf (2 seeds)"]
    assert {line.get_linestyle() for line in shelf} == {"-."}
    assert {line.get_color() for line in shelf} == {tuned.get_color()}
    assert tuned.get_color() != "tab:orange"


def test_every_seed_has_its_own_curve_in_percent(collected):
    (axes,) = accuracy_curves(collected, ("type", "artist")).axes
    shelf = curves(axes)["ResNet50, off the shelf (2 seeds)"]
    assert [line.get_xydata().tolist() for line in shelf] == [[[1, 10], [2, 20], [3, 30]], [[1, 15], [2, 25]]]
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert legend.count("ResNet50, off the shelf (2 seeds)") == 1
    assert "VGG19 (not run)" in legend


def test_published_values_are_marked_at_the_right_edge_but_not_misprints(collected, tmp_path):
    write_run(tmp_path, challenge="artist")
    collected = collect_runs(tmp_path)
    kind, artist = accuracy_curves(collected, ("type", "artist")).axes

    def references(axes):
        marks = [line for line in axes.get_lines() if line.get_label().startswith("_published")]
        lines = [line for line in marks if "curve" not in line.get_label()]
        right = axes.get_window_extent().x1
        assert {line.get_transform().transform(line.get_xydata()[0])[0] for line in lines} == {right}
        return sorted(line.get_ydata()[0] for line in lines)

    assert references(kind) == [71.23, 72.96, 74.80, 77.33, 90.27, 90.67, 91.03, 91.30]
    assert references(artist) == [10.92, 38.11, 44.98, 46.13, 51.43, 51.73]


def test_the_published_curves_lie_thin_behind_in_the_style_of_their_network(collected, tmp_path):
    write_run(tmp_path, challenge="artist")
    collected = collect_runs(tmp_path)
    kind, artist = accuracy_curves(collected, ("type", "artist")).axes
    for axes, epochs in ((kind, 26), (artist, 41)):
        behind = [line for line in axes.get_lines() if line.get_label().startswith("_published curve")]
        assert len(behind) == 9
        assert {len(line.get_xdata()) for line in behind} == {epochs}
        assert {line.get_xdata()[0] for line in behind} == {1}
        legend = [text.get_text() for text in axes.get_legend().get_texts()]
        assert legend.count("published") == 1
        ours = [line for runs in curves(axes).values() for line in runs]
        assert all(line.get_linewidth() < 1 < each.get_linewidth() for line in behind for each in ours)
        assert all(line.get_zorder() < each.get_zorder() for line in behind for each in ours)
    lines = {line.get_label(): line for line in kind.get_lines()}
    theirs, ours = lines["_published curve ResNet50, fine tuning"], lines["ResNet50, fine tuning"]
    assert list(theirs.get_ydata()[:2]) == [81.0, 88.8]  # Figure 3
    assert (theirs.get_linestyle(), theirs.get_color()) == (ours.get_linestyle(), ours.get_color())


def test_a_challenge_that_the_thesis_does_not_have_has_no_published_curve(tmp_path):
    write_run(tmp_path, challenge="style")
    (axes,) = accuracy_curves(collect_runs(tmp_path), ("style",)).axes
    assert [line.get_label() for line in axes.get_lines()] == ["ResNet50, fine tuning"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["ResNet50, fine tuning"]


def test_there_are_no_empty_axes_and_a_figure_without_runs_is_none(collected):
    (kind,) = accuracy_curves(collected, ("type", "artist")).axes
    assert kind.get_title() == "type"
    assert accuracy_curves(collected, ("material",)) is None
    assert sample_pictures({"nothing": []}) is None


def test_samples_come_from_each_opened_collection(collected):
    rows = sample_rows(collected, Pictures({"clipart-a": [bundled("clipart-a")]}))
    labels = bundled("clipart-a").labels("type")
    assert [*rows] == ["clipart-a, type"]  # once, though two experiments are of it
    for row in rows.values():
        assert len(row) == 7
        assert {label for _, label in row} <= set(labels)
        assert all(max(picture.size) == 96 for picture, _ in row)  # as it is: the bundled drawings are no larger
    assert sample_rows(collected, Pictures({})) == {}


def test_labels_are_no_mathematics_and_scripts_without_a_glyph_are_no_error(tmp_path, recwarn):
    picture = Image.fromarray(np.zeros((4, 4, 3), "uint8"))
    figure = sample_pictures({"$\\frac{": [(picture, "$x^{"), (picture, "銅版画"), (picture, "שלום")]})
    png, pdf = save_figure(figure, tmp_path, "figure1")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert pdf.read_bytes().startswith(b"%PDF")
    assert not [warning for warning in recwarn if "Glyph" in str(warning.message)]


@pytest.mark.slow
def test_a_former_figure_does_not_outlive_its_runs(tmp_path, capsys):
    write_run(tmp_path, challenge="material")
    assert report(tmp_path) == 0
    assert (tmp_path / "report" / "figure2.png").exists()
    (tmp_path / "ch1" / "rijks" / "material").rename(tmp_path / "away")
    write_run(tmp_path)
    assert report(tmp_path) == 0
    names = {path.name for path in (tmp_path / "report").iterdir()}
    assert "figure2.png" not in names
    assert {"figure1.pdf", "figure1.png", "figure3.pdf", "figure3.png"} <= names


@pytest.mark.slow
def test_figure_4_is_taken_over_if_it_is_there(tmp_path, capsys):
    write_run(tmp_path)
    folder = tmp_path / "ch1" / "saliency" / "artist" / "resnet50"
    folder.mkdir(parents=True)
    Image.new("RGB", (3000, 30), "red").save(folder / "figure4.png")
    (folder / "figure4.pdf").write_bytes(b"%PDF-1.4")
    assert report(tmp_path) == 0
    assert (tmp_path / "report" / "figure4.png").read_bytes() == (folder / "figure4.png").read_bytes()
    assert (tmp_path / "report" / "figure4.pdf").exists()
    assert "From ch1/saliency/artist/resnet50" in (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert "figure4.png" in capsys.readouterr().out
    (folder / "figure4.png").write_bytes(b"no picture")
    (damaged,) = saliency_figures(tmp_path, tmp_path / "report")
    assert damaged["picture"] is None
    (folder / "figure4.png").unlink()
    (missing,) = saliency_figures(tmp_path, tmp_path / "report")
    assert "ch1_saliency.py" in missing["missing"]
    assert not list((tmp_path / "report").glob("figure4*"))


def test_several_figures_4_are_numbered_and_a_report_beside_them_removes_none(tmp_path):
    for name in ("resnet50", "vgg19"):
        folder = tmp_path / "ch1" / "saliency" / name
        folder.mkdir(parents=True)
        Image.new("RGB", (30, 30), "red").save(folder / "figure4.png")
    figures = saliency_figures(tmp_path, folder)
    assert [[path.name for path in figure["files"]] for figure in figures] == [["figure4-1.png"], ["figure4-2.png"]]
    assert (folder / "figure4.png").exists()
