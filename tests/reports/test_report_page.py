"""The report's page: self-contained, hostile text shown as text, pictures where they can be had, mistakes in order."""

import base64
import hashlib
import io
import re

import numpy as np
import pandas as pd
import pytest
from page_tags import Tags
from PIL import Image
from report_runs import report, write_run

from arttl.collections import bundled
from arttl.collections.table import Collection
from arttl.reports.collect import collect_runs
from arttl.reports.confusions import OTHERS, confusions, confusions_table
from arttl.reports.galleries import mistake_galleries, worst_mistakes
from arttl.reports.pictures import Pictures
from arttl.reports.tried import tasks

HOSTILE = '<script>alert("1")</script>'
QUOTES = "\"'><img src=x onerror=alert(2)>"
ARABIC = "نقش‮ abc"
CLASSES = (HOSTILE, QUOTES, ARABIC, "{{ 7 * 7 }}")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """The page of a run whose labels, settings, deviations and ids are hostile: (text, Tags)."""
    root = tmp_path_factory.mktemp("runs")
    predictions = [(f"{QUOTES}{n}", CLASSES[n % 4], CLASSES[(n + 1) % 4], 0.5) for n in range(8)]
    predictions.append(("fine", "plain", "plain", 0.9))
    write_run(
        root,
        predictions=predictions,
        classes=CLASSES,
        collection=HOSTILE,
        deviations=[HOSTILE, "line\nbreak"],
        settings={"note": QUOTES, QUOTES: "x"},
    )
    (write_run(root, challenge="artist") / "metrics.json").write_text(f'"{HOSTILE}"', encoding="utf-8")
    assert report(root) == 0
    text = (root / "report" / "index.html").read_text(encoding="utf-8")
    return text, Tags(text)


def test_hostile_text_is_text(hostile):
    _, page = hostile
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert not [attributes for _, attributes in page.tags if any(name.startswith("on") for name in attributes)]
    assert not [tag for tag, attributes in page.tags if attributes.get("src") == "x"]
    shown = "".join(page.text)
    for label in (*CLASSES[:2], CLASSES[3]):
        assert label in shown
    assert "49" not in [part.strip() for part in page.text]  # the template language sees none of it


def test_labels_of_any_direction_stand_for_themselves(hostile):
    text, _ = hostile
    assert f"<bdi>{ARABIC}</bdi>" in text


def test_the_page_asks_for_nothing_from_outside(hostile):
    text, page = hostile
    for tag, attributes in page.tags:
        for name in ("src", "href", "action", "data", "srcset", "poster"):
            address = attributes.get(name) or "#"
            assert address.startswith(("data:", "#")), (tag, address)
    assert not re.findall(r"url\(|@import|fetch\(|XMLHttp|import\(", text)


def test_only_the_page_s_own_style_and_script_may_work(hostile):
    text, page = hostile
    (policy,) = [each["content"] for tag, each in page.tags if each.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    for tag, rule in (("style", "style-src"), ("script", "script-src")):
        (own,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.S)
        assert rules[rule] == f"'sha256-{base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()}'"
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    assert not [attributes for _, attributes in page.tags if "style" in attributes]  # which this policy would stop


def test_pictures_have_alternative_texts_and_headers_are_buttons(hostile):
    _, page = hostile
    assert all(attributes.get("alt") for tag, attributes in page.tags if tag == "img")
    headers = [attributes for tag, attributes in page.tags if tag == "th" and "aria-sort" in attributes]
    assert len(headers) > 20


def test_settings_deviations_and_left_out_folders_are_on_the_page(hostile):
    shown = "".join(hostile[1].text)
    assert "settings.recipe.optimizer.name" in shown
    assert "Departures from the study (2)" in shown
    assert "ch1/rijks/artist/resnet50/fine-tuning/seed-42" in shown


def test_pictures_of_unknown_collections_are_said_to_be_missing(hostile):
    text, page = hostile
    assert "--data DIR shows and keeps them" in "".join(page.text)
    assert "no picture" in text


def bundled_run(root, **options):
    ids = bundled("clipart-a").labels("type").index[:40]
    labels = bundled("clipart-a").labels("type")
    rows = [(name, labels[name], labels[name] if n % 2 else "wrong", n / 100) for n, name in enumerate(ids)]
    return write_run(root, predictions=rows, **options)


@pytest.mark.slow
def test_thumbnails_are_small_and_the_page_fits_in_a_mail(tmp_path, capsys):
    for approach in ("off-the-shelf", "fine-tuning", "scratch"):
        for architecture in ("vgg19", "xception", "resnet50", "inception_v3"):
            for challenge in ("type", "artist", "material"):
                bundled_run(tmp_path, approach=approach, architecture=architecture, challenge=challenge)
    assert report(tmp_path) == 0
    page = tmp_path / "report" / "index.html"
    assert page.stat().st_size < 5e6
    thumbnails = re.findall(r'<img src="(data:image/jpeg[^"]+)"', page.read_text(encoding="utf-8"))
    assert len(thumbnails) == 36 * 8  # 36 cells share 300
    assert max(map(len, thumbnails)) < 12_000


def test_worst_mistakes_are_the_surest_wrong_ones(tmp_path):
    rows = [
        ("a", "x", "y", 0.7),
        ("b", "x", "y", 0.9),
        ("c", "x", "x", 0.99),
        ("d", "x", "y", 0.9),
        ("e", "y", "x", 0.2),
    ]
    write_run(tmp_path, predictions=rows, seed=5)
    write_run(tmp_path, predictions=[("z", "x", "y", 0.8)], seed=6)
    write_run(tmp_path, predictions=[("c", "x", "x", 0.8)], seed=5, challenge="artist")  # no mistake
    table = worst_mistakes(tasks(collect_runs(tmp_path)))
    assert table.image_id.tolist() == ["b", "d", "a", "e"]
    assert set(table.seed) == {5}
    (gallery,) = mistake_galleries(table, Pictures({}))
    assert [mistake.image_id for mistake in gallery.mistakes] == ["b", "d", "a", "e"]
    assert all(mistake.picture is None for mistake in gallery.mistakes)


def test_confusions_are_counted_by_hand(tmp_path):
    # a: 3 as b, 1 as c, 1 right; b: 1 as a, 1 right; c: right; d: 1 as e. Involved: a 5, b 4, c 1, d 1, e 1.
    pairs = ["ab", "ab", "ab", "ac", "aa", "ba", "bb", "cc", "de"]
    rows = [(str(n), *pair, 0.5) for n, pair in enumerate(pairs)]
    write_run(tmp_path, predictions=rows)
    (found,) = confusions(tasks(collect_runs(tmp_path)))
    assert found.classes == ["a", "b", "c", "d", "e"]
    assert found.counts.tolist() == [
        [1, 3, 1, 0, 0, 0],
        [1, 1, 0, 0, 0, 0],
        [0, 0, 1, 0, 0, 0],
        [0, 0, 0, 0, 1, 0],
        [0, 0, 0, 0, 0, 0],
    ]
    top = confusions_table([found]).iloc[0]
    assert (top.label, top.predicted, top.images, top.label_images) == ("a", "b", 3, 5)


def test_confusions_with_classes_beyond_the_matrix_go_to_others(tmp_path):
    names = [f"n{number:02d}" for number in range(12)]
    rows = [(f"{n}-{k}", name, names[n - 1], 0.5) for n, name in enumerate(names) for k in range(2 if n < 11 else 1)]
    for seed in (1, 2):
        write_run(tmp_path, predictions=rows, seed=seed)
    (found,) = confusions(tasks(collect_runs(tmp_path)))
    assert found.seeds == [1, 2]
    # n10 and n11 are in three mistakes a seed, the others in four; the first ten stay. n00 is taken for n11.
    assert found.classes == names[:10]
    assert found.counts[0].tolist() == [0] * 10 + [4]
    assert found.counts.sum() == 40
    assert OTHERS == "other classes"


def test_thumbnails_keep_their_shape_and_stand_upright(tmp_path):
    pixels = np.zeros((100, 400, 3), "uint8")
    pixels[:, :200] = (255, 0, 0)  # left half red
    turned = Image.Exif()
    turned[0x0112] = 6  # turn by 90 degrees clockwise to see it upright: red comes to the top
    Image.fromarray(pixels).save(tmp_path / "turned.jpg", exif=turned, quality=95)
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff no")
    names = ["turned.jpg", "wide.png", "broken.jpg", "gone.jpg"]
    table = pd.DataFrame({"image_id": names, "path": [str(tmp_path / name) for name in names], "type": "x"})
    pictures = Pictures({"mine": [Collection("mine", table, ("type",))]})

    def opened(name):
        return Image.open(io.BytesIO(base64.b64decode(pictures.thumbnail("mine", name).partition(",")[2])))

    assert opened("wide.png").size == (160, 40)
    upright = opened("turned.jpg")
    assert upright.size == (40, 160)
    assert upright.getpixel((20, 30))[0] > 200
    assert max(upright.getpixel((20, 130))) < 50
    assert pictures.thumbnail("mine", "broken.jpg") is None
    assert pictures.thumbnail("mine", "gone.jpg") is None
    assert pictures.thumbnail("mine", "never heard of") is None
    assert pictures.thumbnail("theirs", "wide.png") is None


@pytest.mark.slow
def test_data_shows_the_pictures_of_a_user_s_own_collection(tmp_path, photographs, capsys):
    rows = [(f"{label}/000.jpg", label, "etching", 0.5) for label in ("etching", "painting", "print")]
    write_run(tmp_path, predictions=rows, collection=photographs.name)
    assert report(tmp_path, "--data", photographs, "--to", tmp_path / "there") == 0
    text = (tmp_path / "there" / "index.html").read_text(encoding="utf-8")
    assert len(re.findall(r'<img src="data:image/jpeg', text)) == 2
    assert not (tmp_path / "report").exists()
    table = pd.read_csv(tmp_path / "there" / "table1.csv")
    assert table.query("collection == @photographs.name").labelled_images.tolist() == [60]


def test_data_that_no_run_is_of_is_refused_in_one_line(tmp_path, photographs, capsys):
    write_run(tmp_path)
    assert report(tmp_path, "--data", photographs) == 2
    assert "no run is of a collection of this name; there is clipart-a" in capsys.readouterr().err


@pytest.mark.slow
def test_it_prints_a_line_for_each_group_of_files(tmp_path, capsys):
    bundled_run(tmp_path)
    assert report(tmp_path) == 0
    out = capsys.readouterr().out
    assert [line.partition(":")[0] for line in out.splitlines()] == [
        "tables",
        "figures",
        "lists",
        "learning curves",
        "errata",
        "page",
    ]
    names = {path.name for path in (tmp_path / "report").iterdir()}
    tables = {f"{name}.{suffix}" for name in ("table1", "table2", "table3") for suffix in ("md", "csv", "tex")}
    assert tables | {"index.html", "confusions.csv", "mistakes.csv"} <= names
    assert not [name for name in names if "partial" in name]
