"""What a run's test predictions are worth."""

from __future__ import annotations

import numpy as np
from scipy.stats import binomtest, norm, t
from sklearn.metrics import f1_score, top_k_accuracy_score


def accuracy_interval(correct, total):
    """Accuracy and its 95% Wilson interval, all in [0, 1].

    Source: Wilson (1927), as scipy.stats.binomtest computes it. The interval covers the chance of the
    draw of test images only, not of seeds or splits.
    """
    interval = binomtest(int(correct), int(total)).proportion_ci(0.95, method="wilson")
    return correct / total, float(interval.low), float(interval.high)


def paired_difference(differences):
    """How much better one classifier is than another on the same images, with a 95% interval; all in [-1, 1].

    Arguments:
        differences: for each test image, correct (1) or not (0) by the first less the same by the second; averaged over
            seeds where there are several.

    Returns (difference, low, high). The difference is the plain mean. The interval is Wald's after half an image has
    been added to each of the four outcomes (Agresti and Min, 2005, Statistics in Medicine 24, 729-740), which keeps it
    sound where few images, or none, are judged otherwise.
    """
    differences = np.asarray(differences, "float64")
    centre, variance = _of_images(differences)
    margin = float(norm.ppf(0.975)) * np.sqrt(variance)
    return float(differences.mean()), float(centre - margin), float(centre + margin)


def _of_images(differences):
    """Agresti and Min's centre and variance of mean differences, shape (..., images)."""
    count = differences.shape[-1] + 2
    centre = differences.sum(-1) / count
    return centre, (((differences**2).sum(-1) + 1) / count - centre**2) / count


def difference_over_seeds(first, second):
    """How much better one way to train is than another on the same images, with a 95% interval; all in [-1, 1].

    Arguments:
        first, second: of either way, which images (rows) the network of each seed (columns) judged right, 1, and which
            not, 0; shape (..., images, seeds). Seeds of one column may share what they start from.

    Returns (difference, low, high), NumPy floats or arrays of the leading shape. The interval covers the draw of test
    images and of seeds together; with one seed it is that of `paired_difference`, which covers images alone.

    Source: images and networks as crossed random effects, as cases and readers in studies of diagnostic accuracy. The
    variance is that of the images' differences averaged over seeds (Agresti and Min, 2005) and, for each side, what
    the accuracies of its seeds vary beyond what the images explain: (mean square of seeds - residual mean square) /
    (images * seeds), where positive. Student's t has Satterthwaite's degrees of freedom from the mean squares of seeds
    (Hillis, 2007, Statistics in Medicine 26, 596-619; two sides of unequal spread: Welch, 1947, Biometrika 34, 28-35):
    between seeds - 1 and 2 * (seeds - 1) where seeds decide, many where images do. How often it errs is simulated in
    tests/reports/test_difference_over_seeds.py.
    """
    first, second = np.asarray(first, "float64"), np.asarray(second, "float64")
    images, seeds = first.shape[-2:]
    difference = (first - second).mean((-2, -1))
    centre, variance = _of_images((first - second).mean(-1))
    freedom = np.inf
    if seeds > 1:
        squares = np.array([_mean_squares(first), _mean_squares(second)]) / (images * seeds)
        between, within = squares.swapaxes(0, 1)
        variance = variance + np.maximum(between - within, 0).sum(0)
        with np.errstate(divide="ignore"):  # seeds that are all alike leave the images' normal distribution
            freedom = variance**2 * (seeds - 1) / (between**2).sum(0)
    margin = t.ppf(0.975, freedom) * np.sqrt(variance)
    return difference, centre - margin, centre + margin


def _mean_squares(right):
    """Mean squares of seeds and of what neither images nor seeds explain, of shape (..., images, seeds)."""
    images, seeds = right.shape[-2:]
    of_seeds, of_images, mean = right.mean(-2), right.mean(-1), right.mean((-2, -1))
    between = images * of_seeds.var(-1, ddof=1)
    explained = seeds * (of_images**2).sum(-1) + images * (of_seeds**2).sum(-1) - images * seeds * mean**2
    return between, ((right**2).sum((-2, -1)) - explained) / (max(images - 1, 1) * (seeds - 1))


def unpaired_difference(first, second):
    """How much better one classifier is than another on other images, with a 95% interval; all in [-1, 1].

    Arguments:
        first, second: (correct, total) of each.

    Returns (difference, low, high): Newcombe's hybrid score interval, from the two Wilson intervals (Newcombe, 1998,
    Statistics in Medicine 17, 873-890, method 10).
    """
    (p, p_low, p_high), (q, q_low, q_high) = (accuracy_interval(*each) for each in (first, second))
    difference = p - q
    low = difference - np.hypot(p - p_low, q_high - q)
    high = difference + np.hypot(p_high - p, q - q_low)
    return float(difference), float(low), float(high)


def evaluation_metrics(labels, scores, are_probabilities=True):
    """Measures of a classifier on its test images.

    Arguments:
        labels: class ids, shape (images,).
        scores: shape (images, classes); the largest of a row is the answer.
        are_probabilities: whether rows of `scores` sum to 1.

    Returns a dict: what `accuracy_and_loss` gives; test_top5 (None below six classes, where it says
    nothing), test_macro_f1 (over classes that occur or are predicted), test_images.
    """
    labels, scores = np.asarray(labels), np.asarray(scores, "float64")
    measured = accuracy_and_loss(labels, scores, are_probabilities)
    classes = scores.shape[1]
    top5 = top_k_accuracy_score(labels, scores, k=5, labels=np.arange(classes)) if classes > 5 else None
    loss = measured.pop("test_loss")
    return {
        **measured,
        "test_top5": None if top5 is None else float(top5),
        "test_macro_f1": float(f1_score(labels, scores.argmax(axis=1), average="macro", zero_division=0)),
        "test_loss": loss,
        "test_images": len(labels),
    }


def accuracy_and_loss(labels, scores, are_probabilities=True):
    """The measures that cost next to nothing.

    Arguments:
        labels, scores, are_probabilities: as `evaluation_metrics` takes them.

    Returns a dict: test_accuracy with its interval (test_accuracy_low, test_accuracy_high); test_loss (mean negative
    log likelihood, probabilities clipped to [1e-7, 1]; None without probabilities).

    Raises ValueError unless there is one label for each row: others would be broadcast.
    """
    labels, scores = np.asarray(labels), np.asarray(scores, "float64")
    _check_one_each(labels, scores[:, 0])
    accuracy, low, high = accuracy_interval((scores.argmax(axis=1) == labels).sum(), len(labels))
    likelihood = np.clip(scores[np.arange(len(labels)), labels], 1e-7, 1)
    return {
        "test_accuracy": float(accuracy),
        "test_accuracy_low": low,
        "test_accuracy_high": high,
        "test_loss": float(-np.log(likelihood).mean()) if are_probabilities else None,
    }


FREQUENCIES = {"head": (101, None), "middle": (20, 100), "tail": (0, 19)}
"""Classes by their number of training images, from and to. Source: Liu et al., Large-Scale Long-Tailed Recognition in
an Open World, CVPR 2019 (there: many, medium and few shot)."""


def frequency_metrics(train_labels, test_labels, predicted):
    """How well frequent and rare classes are told, by the FREQUENCIES of their training images.

    Arguments:
        train_labels, test_labels, predicted: class ids, integers of shape (images,); the last two of the same images.

    Returns a dict of five entries for each of head, middle and tail: test_accuracy_head with its 95% interval
    (test_accuracy_head_low, test_accuracy_head_high), test_images_head and test_classes_head, the number of its test
    images and of the classes these are of. Without test images the accuracy and its interval are None.
    """
    test_labels, predicted = np.asarray(test_labels), np.asarray(predicted)
    _check_one_each(test_labels, predicted)
    trained_on = np.bincount(train_labels, minlength=max(test_labels, default=0) + 1)[test_labels]
    found = {}
    for name, (low, high) in FREQUENCIES.items():
        chosen = (trained_on >= low) & (trained_on <= (np.inf if high is None else high))
        correct, images = int((predicted == test_labels)[chosen].sum()), int(chosen.sum())
        measured = accuracy_interval(correct, images) if images else (None, None, None)
        keys = (f"test_accuracy_{name}", f"test_accuracy_{name}_low", f"test_accuracy_{name}_high")
        found |= dict(zip(keys, measured, strict=True))
        found |= {f"test_images_{name}": images, f"test_classes_{name}": len(np.unique(test_labels[chosen]))}
    return found


def majority_accuracy(train_labels, test_labels):
    """Accuracy on the test images of always answering the commonest training class."""
    majority = np.bincount(train_labels).argmax()
    return float((np.asarray(test_labels) == majority).mean())


def _check_one_each(labels, answers):
    if labels.shape != answers.shape or labels.ndim != 1:
        raise ValueError(f"labels are of shape {labels.shape}, the answers of {answers.shape}; give one id an image")
