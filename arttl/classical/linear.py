"""The linear SVM of many classes, all of them at once: what liblinear does one class after the other, in weeks."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.class_weight import compute_class_weight

ROWS = 4096  # images at a time
ITERATIONS = 500
HISTORY = 10  # steps that L-BFGS remembers


class JointLinearSVC(ClassifierMixin, BaseEstimator):
    """One class against the rest by squared hinge loss, for three classes or more, as scikit-learn's LinearSVC.

    It minimises the same function: for each class 1/2 |w|^2 + sum of C_i max(0, 1 - y_i w.x_i)^2, the intercept being
    the weight of a feature that is always 1. The gradients of all classes are two products of matrices, of which
    L-BFGS takes at most ITERATIONS.

    Sources: Fan et al. 2008 (LIBLINEAR), section 2; scikit-learn's LinearSVC.

    Arguments:
        C: weight of the loss.
        class_weight: "balanced" or None; it weighs the images of a class, not the rest, as LIBLINEAR does.
        tolerance: of the gradient of the loss, a mean over the images: its largest part.
    """

    def __init__(self, C=1.0, class_weight=None, tolerance=1e-5):
        self.C, self.class_weight, self.tolerance = C, class_weight, tolerance

    def fit(self, features, class_ids):
        """Fit to float32 or float64 features (images, features) and int class ids (images,); returns itself."""
        self.classes_, found = np.unique(class_ids, return_inverse=True)
        weights = np.ones(len(self.classes_))
        if self.class_weight is not None:
            weights = compute_class_weight(self.class_weight, classes=self.classes_, y=class_ids)
        shape = (features.shape[1] + 1, len(self.classes_))

        def loss_and_gradient(flat):
            loss, gradient = _loss_and_gradient(flat.reshape(shape), features, found, self.C, weights)
            return loss / (self.C * len(features)), gradient / (self.C * len(features))

        options = {"maxiter": ITERATIONS, "maxcor": HISTORY, "gtol": self.tolerance}
        options["ftol"] = np.finfo(features.dtype).eps  # less is noise
        result = minimize(loss_and_gradient, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options=options)
        best = result.x.reshape(shape).astype(features.dtype)
        self.coef_, self.intercept_, self.n_iter_ = best[:-1].T, best[-1], result.nit
        return self

    def decision_function(self, features):
        """A score for every class, (images, classes)."""
        return features @ self.coef_.T + self.intercept_

    def predict(self, features):
        """The class id of the largest score, (images,)."""
        return self.classes_[self.decision_function(features).argmax(axis=1)]


def _loss_and_gradient(weights, features, found, C, class_weights):
    """The loss of all classes together and its gradient, flat, both of float64.

    Arguments:
        weights: (features + 1, classes), the intercepts last.
        features: (images, features).
        found: each image's place among the classes.
        C: of all images.
        class_weights: float64 (classes,), beside C, of each class' own images.
    """
    narrow = weights.astype(features.dtype)
    loss, gradient = 0.5 * float((weights**2).sum()), weights.copy()
    for start in range(0, len(features), ROWS):
        part, own = features[start : start + ROWS], found[start : start + ROWS]
        rows = np.arange(len(part))
        missing = 1 + part @ narrow[:-1] + narrow[-1]  # of all but the own class, to which the sign is +1
        missing[rows, own] = 2 - missing[rows, own]
        np.maximum(missing, 0, out=missing)
        slope = 2 * C * missing
        slope[rows, own] *= -class_weights[own]
        missing[rows, own] *= np.sqrt(class_weights[own])
        loss += C * float(np.einsum("ij,ij->", missing, missing, dtype=np.float64))
        gradient[:-1] += part.T @ slope
        gradient[-1] += slope.sum(axis=0)
    return loss, gradient.ravel()
