"""The RBF kernel of many images, by its values at some of them."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.kernel_approximation import Nystroem
from sklearn.utils import check_random_state

LANDMARKS = 4096
ROWS = 4096  # images at a time


class Landmarks(TransformerMixin, BaseEstimator):
    """Features whose products are approximately the RBF kernel's values, by Nyström's method.

    Source: Williams and Seeger 2001; scikit-learn's Nystroem, in float64: it divides by the roots of the kernel's
    singular values, from 1e-12 up, so that float32's rounding would be seen in the classes that are predicted.

    Arguments:
        gamma: of the kernel; "scale" is 1 / (features * their variance), as SVC has it.
        landmarks: how many of the images, drawn at random.
        seed: of that draw.
    """

    def __init__(self, gamma="scale", landmarks=LANDMARKS, seed=0):
        self.gamma, self.landmarks, self.seed = gamma, landmarks, seed

    def fit(self, features, class_ids=None):
        """Draw the landmarks from float32 features (images, features); returns itself."""
        gamma = 1 / (features.shape[1] * features.var()) if self.gamma == "scale" else self.gamma
        drawn = check_random_state(self.seed).permutation(len(features))[: self.landmarks]
        landmarks = features[drawn].astype("float64")
        self.map_ = Nystroem(gamma=float(gamma), n_components=len(drawn), random_state=self.seed).fit(landmarks)
        return self

    def transform(self, features):
        """The new features, float32 (images, landmarks)."""
        found = np.empty((len(features), len(self.map_.components_)), "float32")
        for start in range(0, len(features), ROWS):
            found[start : start + ROWS] = self.map_.transform(features[start : start + ROWS].astype("float64"))
        return found
