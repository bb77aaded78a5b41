"""Classifiers of scikit-learn on X, in the place of the softmax layer: linear and RBF SVM, random forest.

Source: thesis, section 1.2.3, footnote (SVM and random forest on X gave about the same result). It gives no settings;
the grids here are this project's, searched on the validation images. Where there are many images and classes, as the
thesis has, other solvers stand in for scikit-learn's usual ones (arttl.classical.sizes says from where on).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import ParameterGrid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from arttl.classical.forest import SparseForest
from arttl.classical.landmarks import LANDMARKS, Landmarks
from arttl.classical.linear import JointLinearSVC
from arttl.classical.sizes import TREES, Size, check_memory, images_at_once, trees_at_once

__all__ = ["CLASSICAL", "CLASSIFIERS", "Search", "Size", "check_memory", "class_scores", "search", "stand_in"]


@dataclass(frozen=True)
class Classical:
    """A classifier and the values to try for its hyper-parameters.

    Attributes:
        make: a function of seed, class_weight and one of the grid's settings, that gives a scikit-learn estimator.
        grid: for sklearn.model_selection.ParameterGrid.
        make_large: as `make`, and of the Size, for a size that is large.
        stand_in: what the latter computes otherwise, in words; empty where its results are the same.
    """

    make: Callable
    grid: dict
    make_large: Callable
    stand_in: str = ""


def _linear_svm(seed, class_weight, **settings):
    return make_pipeline(StandardScaler(), LinearSVC(random_state=seed, class_weight=class_weight, **settings))


def _large_linear_svm(size, seed, class_weight, **settings):
    return make_pipeline(StandardScaler(), JointLinearSVC(class_weight=class_weight, **settings))


def _rbf_svm(seed, class_weight, **settings):
    # break_ties: without it the prediction of a tied vote is not the class of the largest decision value
    return make_pipeline(
        StandardScaler(), SVC(break_ties=True, random_state=seed, class_weight=class_weight, **settings)
    )


def _large_rbf_svm(size, seed, class_weight, gamma, **settings):
    landmarks = Landmarks(gamma, seed=seed)
    return make_pipeline(StandardScaler(), landmarks, JointLinearSVC(class_weight=class_weight, **settings))


def _random_forest(seed, class_weight, **settings):
    return RandomForestClassifier(TREES, random_state=seed, class_weight=class_weight, n_jobs=-1, **settings)


def _large_random_forest(size, seed, class_weight, **settings):
    return SparseForest(TREES, trees_at_once(size), seed, class_weight, **settings)


CLASSICAL = {
    "linear-svm": Classical(
        _linear_svm,
        {"C": [1e-4, 1e-3, 1e-2, 0.1, 1.0]},
        _large_linear_svm,
        "all classes at once by L-BFGS, of 500 iterations at most",
    ),
    "rbf-svm": Classical(
        _rbf_svm,
        {"C": [1.0, 10.0, 100.0], "gamma": ["scale", 1e-4, 1e-5]},
        _large_rbf_svm,
        f"the kernel by {LANDMARKS} landmarks (Nyström), and each class against the rest rather than pairs of classes",
    ),
    "random-forest": Classical(
        _random_forest, {"max_features": ["sqrt", 0.1], "min_samples_leaf": [1, 3]}, _large_random_forest
    ),
}
"""SVMs on X scaled to mean 0 and deviation 1 (by the training images), forests of 500 trees on X as it is."""

CLASSIFIERS = ("softmax", *CLASSICAL)


def stand_in(name, size):
    """What is computed otherwise than by scikit-learn's usual solver, in words; empty where nothing is.

    Arguments:
        name: of CLASSIFIERS.
        size: a Size.
    """
    return CLASSICAL[name].stand_in if name in CLASSICAL and size.is_large(name) else ""


@dataclass(frozen=True)
class Search:
    """What a search has found.

    Attributes:
        estimator: the best one, fitted to the training images alone, as the softmax layer is.
        settings: its hyper-parameters.
        table: one row a setting, in the order of the grid: the settings, val_accuracy and seconds.
    """

    estimator: object
    settings: dict
    table: pd.DataFrame


def search(name, training, validation, *, seed=0, class_weight=None, size=None, report=lambda row: None):
    """Fit a classifier with each setting of its grid, and keep that of the highest accuracy on the validation images.

    Arguments:
        name: of CLASSICAL.
        training, validation: (X, class ids), float32 (images, features) and int (images,).
        seed: of what is random in fitting.
        class_weight: "balanced" or None.
        size: the Size by which the solver is chosen; that of the training images by default.
        report: called with each row of the table, a dict, as it is there.

    Returns a Search; of equally good settings the first one wins.
    """
    best, best_settings, rows = None, None, []
    classical, size = CLASSICAL[name], size or Size(*training[0].shape, len(np.unique(training[1])))
    make = partial(classical.make_large, size) if size.is_large(name) else classical.make
    for settings in ParameterGrid(classical.grid):
        started = time.perf_counter()
        estimator = make(seed, class_weight, **settings).fit(*training)
        accuracy = float((_in_parts(estimator, estimator.predict, validation[0]) == validation[1]).mean())
        if best is None or accuracy > max(row["val_accuracy"] for row in rows):
            best, best_settings = estimator, settings
        rows.append({**settings, "val_accuracy": accuracy, "seconds": round(time.perf_counter() - started, 3)})
        report(rows[-1])
    return Search(best, best_settings, pd.DataFrame(rows))


def class_scores(estimator, features, num_classes):
    """A score for every class, whose largest is what the estimator predicts.

    Arguments:
        estimator: fitted, of `search`.
        features: X, float32 (images, features).
        num_classes: the number of classes, of which some may not have been among the training images.

    Returns (scores, whether they are probabilities): float64 (images, num_classes). A class that was not trained has
    probability 0, or the score -inf.
    """
    forest = hasattr(estimator, "predict_proba")
    found = _in_parts(estimator, estimator.predict_proba if forest else estimator.decision_function, features)
    if found.ndim == 1:  # of two classes scikit-learn gives the score of the second alone
        found = np.stack([-found, found], axis=1)
    scores = np.full((len(features), num_classes), 0.0 if forest else -np.inf)
    scores[:, estimator.classes_] = found
    return scores, forest


def _in_parts(estimator, predict, features):
    """What a method of an estimator gives for images, a number of them at a time that fits into memory."""
    step = images_at_once(estimator)
    return np.concatenate([predict(features[start : start + step]) for start in range(0, len(features), step)])
