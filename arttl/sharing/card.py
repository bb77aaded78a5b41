"""The model card of a shared classifier.

Headings: Mitchell et al., Model Cards for Model Reporting, FAT* 2019 (arXiv 1810.03993). Front matter: that of Hugging
Face's model cards.
"""

from __future__ import annotations

from arttl.base.markdown import markdown_table
from arttl.base.wording import counted
from arttl.models import get_backbone
from arttl.runs.metrics import FREQUENCIES
from arttl.sharing.layout import ABOUT, LABELS, MODEL
from arttl.sharing.markdown import code, code_list, yaml

SHOWN_LABELS = 40
HOW = {
    "off-the-shelf": "off the shelf: only the softmax layer was trained, on the features of a frozen network",
    "fine-tuning": "fine tuning: every layer was trained, from weights learned elsewhere",
    "scratch": "from scratch: every layer was trained, from random weights",
}


def model_card(about, labels, needs):
    """The content of README.md.

    Arguments:
        about: the content of classifier.json.
        labels: the classes' names.
        needs: what is imported before the model is loaded, in words.

    Returns Markdown text. Every number is read from `about`; every name that comes from metadata is in a code span.
    """
    settings = about["settings"]
    title = f"# {get_backbone(settings['architecture']).title} that tells {code(settings['challenge'])} apart"
    lead = (
        f"Given a picture, it says which of {counted(len(labels), 'class')} of {code(settings['challenge'])} it takes "
        f"it for, and with what probability. Trained on the collection {code(settings['collection'])} with arttl, "
        "which reproduces two studies of transfer learning from natural to art images."
    )
    sections = {
        "Model Details": _details(about),
        "Intended Use": _use(settings),
        "Factors": _factors(),
        "Metrics": _metrics(),
        "Evaluation Data": _evaluation(about),
        "Training Data": _training(about, labels),
        "Quantitative Analyses": _analyses(about["metrics"]),
        "Ethical Considerations": _ethics(),
        "Caveats and Recommendations": _caveats(about),
        "How to Use It": _usage(about, needs),
        "Licence": _licence(),
    }
    body = "\n\n".join(f"## {heading}\n\n{text}" for heading, text in sections.items())
    return f"{_front_matter(about)}\n\n{title}\n\n{lead}\n\n{body}\n"


def _front_matter(about):
    """YAML between dashes; without a `license`, which is for who shares the model to say."""
    settings, metrics = about["settings"], about["metrics"]
    task = {"type": "image-classification", "name": "Image Classification"}
    measured = [
        {"type": kind, "name": name, "value": round(metrics[key], 6)}
        for kind, name, key in (
            ("accuracy", "Test accuracy", "test_accuracy"),
            ("f1", "Test macro-F1", "test_macro_f1"),
        )
    ]
    dataset = {"name": settings["collection"], "type": settings["collection"], "split": "test"}
    fields = {
        "library_name": "keras",
        "pipeline_tag": "image-classification",
        "tags": ["arttl", "art", "transfer-learning", settings["architecture"]],
        "metrics": ["accuracy", "f1"],
        "model-index": [
            {
                "name": f"{settings['architecture']}-{settings['challenge']}",
                "results": [{"task": task, "dataset": dataset, "metrics": measured}],
            }
        ],
    }
    lines = [f"{name}: {yaml(value)}" for name, value in fields.items()]
    return "\n".join(["---", *lines, "---"])


def _details(about):
    settings, versions = about["settings"], about["versions"]
    recipe, size = settings["recipe"], about["input"]["size"]
    digest = f" ({code(settings['weights_file'])})" if settings.get("weights_file") else ""
    random = settings["weights"] == "none"
    start = "random numbers (He-uniform)" if random else f"{code(settings['weights'])} weights{digest}"
    return _bullets(
        f"Network: {get_backbone(settings['architecture']).title}, global average pooling, one softmax layer; no other",
        f"Input: RGB pictures of {size} x {size} pixels, brought there by the method {code(recipe['resize'])} and the "
        f"reading {code(recipe['decoding'])} without keeping the aspect ratio; pixels 0 to 255, which the model itself "
        f"scales ({code(recipe['preprocessing'])})",
        f"Output: {about['classes']:,} probabilities, in the order of `{LABELS}`",
        f"Training: {HOW[recipe['approach']]}",
        f"Started from: {start}",
        *(_source(settings["source_run"]) if "source_run" in settings else ()),
        f"Recipe: {code(recipe['name'])}, optimiser {code(recipe['optimizer']['name'])}, seed {settings['seed']}; "
        f"every setting is in `{ABOUT}`",
        f"Made with: arttl {code(versions['arttl'])}, Keras {code(versions['keras'])} on {code(settings['backend'])}",
    )


def _source(run):
    """Of a network that learned another collection first."""
    yield (
        f"Learned before: {code(run['challenge'])} of the collection {code(run['collection'])} ({run['classes']:,} "
        f"classes, split {code(run['split'])})"
    )


def _use(settings):
    return _bullets(
        f"To suggest {code(settings['challenge'])} for pictures like those of {code(settings['collection'])}, for a "
        "person to check; to compare with other networks in research on digital heritage",
        "Not for pictures of another kind: it always names one of its classes, however far from all of them a picture "
        "is",
        "Not as evidence for an attribution, an authentication or a price",
    )


def _factors():
    return (
        "How often a class occurs among the training images matters most, and is reported below. The way pictures were "
        "reproduced (scanner or camera, borders, colour charts, resolution) may matter as much, and was not measured; "
        "nor was how well it does on the pictures of another collection."
    )


def _metrics():
    return (
        "Accuracy, with 95% Wilson intervals; macro-F1, the mean of the classes' F1; top-5 accuracy where there are "
        "more than five classes. The intervals cover the chance of the draw of test images, not of seeds or splits. A "
        "classifier that always names the commonest class of the training images is the least to beat."
    )


def _evaluation(about):
    images, settings = about["images"], about["settings"]
    return (
        f"{counted(images.get('test', 0), 'test image')} of {code(settings['collection'])}, of the same "
        "collection as the training images."
    )


def _training(about, labels):
    images, settings = about["images"], about["settings"]
    left_out = about["classes_left_out"]
    return _bullets(
        f"{counted(images.get('train', 0), 'training image')} and "
        f"{counted(images.get('validation', 0), 'validation image')} of {code(settings['collection'])}",
        f"Split: {code(about['split'].get('preset'))}, fingerprint {code(settings['split'], whole=True)}",
        f"Fingerprint of the image files: {code(settings['files'], whole=True)}",
        f"Classes: {code_list(labels, SHOWN_LABELS)}; all are in `{LABELS}`",
        *([f"Classes left out of the split: {code_list(left_out, SHOWN_LABELS)}"] if left_out else []),
    )


def _analyses(metrics):
    rows = [("all", "", *_row(metrics, ""))]
    for name, (low, high) in FREQUENCIES.items():
        if metrics.get(f"test_accuracy_{name}") is not None:
            asked = f"{low} or more" if high is None else f"{low} to {high}" if low else f"up to {high}"
            rows.append((name, asked, *_row(metrics, f"_{name}")))
    header = ("classes", "training images of each", "test images", "accuracy", "95% interval")
    top5 = metrics.get("test_top5")
    others = [
        f"Always the commonest class: {metrics['majority_accuracy']:.1%}",
        f"Macro-F1: {metrics['test_macro_f1']:.3f}",
        *([] if top5 is None else [f"Top-5 accuracy: {top5:.1%}"]),
        f"Mean negative log likelihood: {metrics['test_loss']:.3f}",
        f"Epochs: {metrics['epochs']}, of which number {metrics['tested_epoch']} was tested",
    ]
    return f"{markdown_table(header, rows)}\n\n{_bullets(*others)}"


def _row(metrics, which):
    accuracy, low, high = (metrics[f"test_accuracy{which}{end}"] for end in ("", "_low", "_high"))
    return f"{metrics[f'test_images{which}']:,}", f"{accuracy:.1%}", f"{low:.1%} to {high:.1%}"


def _ethics():
    return (
        "The classes are the words of the collection's cataloguers, in their time and language; some may be wrong, and "
        "some offend. A network repeats what it was shown, the frequent more than the rare, so that what a collection "
        "neglects its classifier neglects too."
    )


def _caveats(about):
    deviations = about["deviations"]
    said = [
        "The probabilities were not calibrated: a probability of 0.9 need not mean nine right of ten",
        "Near duplicates on both sides of a split make a test too easy; `python -m arttl check` finds them",
    ]
    if deviations:
        said.append("Departures from the study it reproduces:")
    return "\n".join([_bullets(*said), *(f"  - {code(line, whole=True)}" for line in deviations)])


def _usage(about, needs):
    return f"""With arttl installed and this folder as `FOLDER`:

```python
import arttl

classifier = arttl.load_classifier("FOLDER")
table = classifier.predict(["one.jpg", "two.png"], top=3)
```

or, on the command line, for pictures and folders of pictures:

```bash
python -m arttl classify FOLDER pictures/ --top 3 --to predictions.csv
```

Pictures are decoded and resized as in training, so that the run's own test images get their own predictions again.
`classifier.model` is an ordinary Keras model, from `uint8` pixels to probabilities;
`keras.saving.load_model("{MODEL}")` needs {needs}.
`{ABOUT}` has the SHA-256 of `{MODEL}`: {code(about["sha256"][MODEL])}."""


def _licence():
    return (
        "This card names no licence. The pictures and metadata that the model learned from have licences of their own, "
        "and so may the weights it started from: whoever shares the model has to know them, and adds a `license:` line "
        "to the top of this file."
    )


def _bullets(*lines):
    return "\n".join(f"- {line}" for line in lines)
