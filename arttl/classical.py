"""Classifiers of scikit-learn on X, in the place of the softmax layer: linear and RBF SVM, random forest.

Source: thesis, section 1.2.3, footnote (SVM and random forest on X gave about the same result). It gives no settings;
the grids here are this project's, searched on the validation images.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import ParameterGrid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC


@dataclass(frozen=True)
class Classical:
    """A classifier and the values to try for its hyper-parameters.

    Attributes:
        make: a function of seed, class_weight and one of the grid's settings, that gives a scikit-learn estimator.
        grid: for sklearn.model_selection.ParameterGrid.
    """

    make: Callable
    grid: dict


def _linear_svm(seed, class_weight, **settings):
    return make_pipeline(StandardScaler(), LinearSVC(random_state=seed, class_weight=class_weight, **settings))


def _rbf_svm(seed, class_weight, **settings):
    # break_ties: without it the prediction of a tied vote is not the class of the largest decision value
    return make_pipeline(
        StandardScaler(), SVC(break_ties=True, random_state=seed, class_weight=class_weight, **settings)
    )


def _random_forest(seed, class_weight, **settings):
    return RandomForestClassifier(500, random_state=seed, class_weight=class_weight, n_jobs=-1, **settings)


CLASSICAL = {
    "linear-svm": Classical(_linear_svm, {"C": [1e-4, 1e-3, 1e-2, 0.1, 1.0]}),
    "rbf-svm": Classical(_rbf_svm, {"C": [1.0, 10.0, 100.0], "gamma": ["scale", 1e-4, 1e-5]}),
    "random-forest": Classical(_random_forest, {"max_features": ["sqrt", 0.1], "min_samples_leaf": [1, 3]}),
}
"""SVMs on X scaled to mean 0 and deviation 1 (by the training images), forests of 500 trees on X as it is."""

CLASSIFIERS = ("softmax", *CLASSICAL)


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


def search(name, training, validation, *, seed=0, class_weight=None, report=lambda row: None):
    """Fit a classifier with each setting of its grid, and keep that of the highest accuracy on the validation images.

    Arguments:
        name: of CLASSICAL.
        training, validation: (X, class ids), float32 (images, features) and int (images,).
        seed: of what is random in fitting.
        class_weight: "balanced" or None.
        report: called with each row of the table, a dict, as it is there.

    Returns a Search; of equally good settings the first one wins.
    """
    best, best_settings, rows = None, None, []
    for settings in ParameterGrid(CLASSICAL[name].grid):
        started = time.perf_counter()
        estimator = CLASSICAL[name].make(seed, class_weight, **settings).fit(*training)
        accuracy = float((estimator.predict(validation[0]) == validation[1]).mean())
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
    found = estimator.predict_proba(features) if forest else estimator.decision_function(features)
    if found.ndim == 1:  # of two classes scikit-learn gives the score of the second alone
        found = np.stack([-found, found], axis=1)
    scores = np.full((len(features), num_classes), 0.0 if forest else -np.inf)
    scores[:, estimator.classes_] = found
    return scores, forest
