"""What an exported folder and its model card say, and that it appears whole or not at all."""

import csv
import hashlib
import itertools
import json

import keras
import numpy as np
import pytest
from shared_classifiers import hand_made_run

import arttl
from arttl.base.errors import InputError
from arttl.models import CaffePreprocessing, needed_objects
from arttl.runs import RunFolder
from arttl.sharing import export


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """The hand-made run, exported once."""
    folder = tmp_path_factory.mktemp("shared")
    arttl.export_run(hand_made_run(folder / "run"), folder / "out")
    return folder / "out"


def test_export_says_what_the_run_said(shared):
    about = json.loads((shared / "classifier.json").read_text())
    assert (about["format"], about["version"], about["classes"]) == ("arttl-classifier", 1, 3)
    assert about["input"] == {"size": 32, "decoding": "load_img", "resize": "nearest", "preprocessing": "unit"}
    assert about["images"] == {"train": 2, "test": 1}  # d cannot be read
    assert about["settings"]["split"] == "5" * 64
    assert about["settings"]["recipe"]["optimizer"]["nesterov"] is True
    assert about["metrics"]["test_accuracy_high"] == 0.75
    assert about["deviations"] == ["image size is 32, not 224"]
    assert about["versions"] == {"arttl": "0.1.0", "keras": "3.15.1"}
    for name in ("model.keras", "labels.csv"):
        assert about["sha256"][name] == hashlib.sha256((shared / name).read_bytes()).hexdigest()
    assert {path.name for path in shared.iterdir()} == {"README.md", "classifier.json", "labels.csv", "model.keras"}


def test_folders_of_ones_own_are_not_told(tmp_path):
    run = hand_made_run(tmp_path / "run", weights="/home/ana/secret/w.keras")
    config = json.loads((run / "config.json").read_text())
    config["deviations"] += [
        "starts from /home/ana/secret/w.keras weights, not ImageNet's",
        "the source: starts from /home/ana/secret/v.h5 weights, not ImageNet's",
    ]
    (run / "config.json").write_text(json.dumps(config))
    arttl.export_run(run, tmp_path / "out")
    told = "".join((tmp_path / "out" / name).read_text() for name in ("classifier.json", "README.md", "labels.csv"))
    assert "secret" not in told
    assert "starts from w.keras weights" in told
    assert "the source: starts from v.h5 weights" in told


def test_a_plain_export_needs_nothing_but_keras_and_says_so(tmp_path):
    pixels = keras.Input((32, 32, 3))
    x = CaffePreprocessing(dtype="float32", name="preprocessing")(pixels)
    model = keras.Model(pixels, keras.layers.Dense(3, "softmax")(keras.layers.GlobalAveragePooling2D()(x)))
    run = hand_made_run(tmp_path / "run", model)
    arttl.export_run(run, tmp_path / "whole")
    assert "needs `import arttl`, for CaffePreprocessing." in (tmp_path / "whole" / "README.md").read_text()
    assert arttl.export_run(run, tmp_path / "plain", plain=True) is True
    assert "needs nothing but Keras." in (tmp_path / "plain" / "README.md").read_text()
    assert needed_objects(tmp_path / "plain" / "model.keras") == []
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), "uint8")
    loaded = arttl.load_classifier(tmp_path / "plain")  # its digests are its own
    np.testing.assert_array_equal(loaded.model.predict(images, verbose=0), model.predict(images, verbose=0))
    assert arttl.export_run(run, tmp_path / "plain", plain=True) is False
    with pytest.raises(InputError, match="holds no export of this run"):
        arttl.export_run(run, tmp_path / "plain")


def test_same_export_again_is_left_alone_and_anything_else_is_refused(tmp_path):
    run, out = hand_made_run(tmp_path / "run"), tmp_path / "out"
    out.mkdir()
    assert arttl.export_run(run, out) is True
    (out / "README.md").write_text("license: mit")  # the card is there to be edited
    before = {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in out.iterdir()}
    assert arttl.export_run(RunFolder(run), out) is False
    assert {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in out.iterdir()} == before
    with pytest.raises(InputError, match="not empty, and holds no export of this run"):
        arttl.export_run(hand_made_run(tmp_path / "other", seed=1), out)
    (out / "labels.csv").write_text("")
    with pytest.raises(InputError, match="a file is missing or damaged"):
        arttl.export_run(run, out)
    for name in ("file", "dangling"):
        (tmp_path / name).touch() if name == "file" else (tmp_path / name).symlink_to(tmp_path / "nowhere")
        with pytest.raises(InputError, match="is there and no folder"):
            arttl.export_run(run, tmp_path / name)


@pytest.mark.parametrize("failing", ["write_json", "_copy", "whole_file"])
def test_nothing_half_written_stays(failing, tmp_path, monkeypatch):
    run = hand_made_run(tmp_path / "run")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, failing, fail)
    with pytest.raises(InputError, match=r"out cannot be written \(No space left on device\)"):
        arttl.export_run(run, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_run_made_anew_meanwhile_is_not_mixed(tmp_path, monkeypatch):
    run, copy = hand_made_run(tmp_path / "run"), export._copy

    def train_on(source, target):
        digest = copy(source, target)
        (run / "metrics.json").write_text((run / "metrics.json").read_text().replace("0.5", "0.6"))
        return digest

    monkeypatch.setattr(export, "_copy", train_on)
    with pytest.raises(InputError, match="changed while it was exported"):
        arttl.export_run(run, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_runs_that_cannot_be_exported(tmp_path):
    run = hand_made_run(tmp_path / "run")
    with pytest.raises(InputError, match="is no run folder"):
        arttl.export_run(tmp_path, tmp_path / "out")
    metrics = (run / "metrics.json").read_text()
    (run / "metrics.json").unlink()
    with pytest.raises(InputError, match="is an unfinished run; finish it with resume=True"):
        arttl.export_run(run, tmp_path / "out")
    for content in ("{", '{"test_accuracy": 1, "seconds": 1}'):
        (run / "metrics.json").write_text(content)
        with pytest.raises(InputError, match="damaged"):
            arttl.export_run(run, tmp_path / "out")
    (run / "metrics.json").write_text(metrics)
    (run / "model.keras").unlink()
    with pytest.raises(InputError, match=r"model\.keras does not exist"):
        arttl.export_run(run, tmp_path / "out")
    for labels in (("a", "a", "b"), ("a", "\ud800", "b"), ("a", 1, "b")):
        with pytest.raises(InputError, match="damaged results"):
            arttl.export_run(hand_made_run(tmp_path / repr(labels), labels=labels), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(InputError, match="trained svm on X and kept no network"):
        arttl.export_run(hand_made_run(tmp_path / "svm", classifier="svm"), tmp_path / "out")


HOSTILE = (
    '`"x" | <script>alert(1)</script> [a](javascript:b) ![c](http://d) **e** &lt; $f$',
    "line\n\n---\n# heading\r```\n- item\x85\u2028",
    "éŠ``` 東 \U0001f3a8, =1+1",
)


def test_hostile_names_stay_names(tmp_path):
    markdown = pytest.importorskip("markdown_it")
    collection = "mine\n---\nlicense: mit # \u2028 \U0001f3a8\x7f"
    run = hand_made_run(tmp_path / "run", labels=HOSTILE, collection=collection, challenge="<b>|`t`</b>")
    arttl.export_run(run, tmp_path / "out")
    with open(tmp_path / "out" / "labels.csv", newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [["class_id", "label"], *([str(i), name] for i, name in enumerate(HOSTILE))]
    assert arttl.load_classifier(tmp_path / "out").labels == list(HOSTILE)

    _, front, body = (tmp_path / "out" / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    matter = dict(line.split(": ", 1) for line in front.splitlines())  # splitlines also breaks where YAML 1.1 would
    assert set(matter) == {"library_name", "pipeline_tag", "tags", "metrics", "model-index"}
    (model,) = json.loads(matter["model-index"])
    assert model["results"][0]["dataset"]["name"] == collection
    assert model["results"][0]["metrics"][0]["value"] == 0.5

    tokens = markdown.MarkdownIt("commonmark", {"html": True}).enable("table").parse(body)
    inline = [child for token in tokens for child in token.children or ()]
    assert not {"html_block", "hr", "html_inline", "link_open", "image", "strong_open"} & {
        token.type for token in (*tokens, *inline)
    }
    headings = [after.content for token, after in itertools.pairwise(tokens) if token.type == "heading_open"]
    assert headings[1:] == [
        *("Model Details", "Intended Use", "Factors", "Metrics", "Evaluation Data", "Training Data"),
        *("Quantitative Analyses", "Ethical Considerations", "Caveats and Recommendations", "How to Use It", "Licence"),
    ]
    spans = [token.content for token in inline if token.type == "code_inline"]
    assert HOSTILE[2] in spans
    assert any(span.startswith('`"x" | <script>alert(1)</script> [a](javascript:b)') for span in spans)
    assert "<b>|`t`</b>" in spans


def test_card_gives_the_numbers_with_their_intervals(shared):
    card = (shared / "README.md").read_text()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in card.splitlines() if line.startswith("|")]
    assert rows[2:] == [
        ["all", "", "8", "50.0%", "25.0% to 75.0%"],
        ["tail", "up to 19", "4", "50.0%", "12.5% to 87.5%"],
    ]
    for said in ("Always the commonest class: 12.5%", "Macro-F1: 0.438", "1 test image of", "2 training images and 0"):
        assert said in card
    for said in ("Classes left out of the split: `grey`", "`image size is 32, not 224`", "arttl.load_classifier("):
        assert said in card
    assert "license:" not in card.split("---\n")[1]
    assert "Top-5" not in card
