"""A random forest of many classes whose trees keep what they found of a leaf's classes, and no zeros."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.utils.class_weight import compute_class_weight

ROWS = 1024  # images, or leaves, at a time


class SparseForest(ClassifierMixin, BaseEstimator):
    """scikit-learn's RandomForestClassifier, tree for tree, in a hundredth of its memory.

    That keeps a float64 for each node and class, nearly all of them 0. Here trees are grown a few at a time, and each
    is then reduced to its tests and to the shares of the classes in its leaves that are not 0. Probabilities are the
    same but for the order in which they are summed.

    Arguments:
        trees: their number.
        at_once: how many of them are grown before they are reduced.
        seed, class_weight: of RandomForestClassifier.
        max_features, min_samples_leaf: of RandomForestClassifier.
    """

    def __init__(self, trees=500, at_once=1, seed=0, class_weight=None, max_features="sqrt", min_samples_leaf=1):
        self.trees, self.at_once, self.seed, self.class_weight = trees, at_once, seed, class_weight
        self.max_features, self.min_samples_leaf = max_features, min_samples_leaf

    def fit(self, features, class_ids):
        """Grow the trees on float32 features (images, features) and int class ids (images,); returns itself."""
        self.classes_ = np.unique(class_ids)
        weights = self.class_weight
        if weights is not None:  # in numbers, which warm_start wants
            found = compute_class_weight(weights, classes=self.classes_, y=class_ids)
            weights = dict(zip(self.classes_.tolist(), found, strict=True))
        forest = RandomForestClassifier(
            random_state=self.seed,
            class_weight=weights,
            warm_start=True,  # fit adds trees to those that are there, the ones that it would grow in one go
            n_jobs=-1,
            max_features=self.max_features,
            min_samples_leaf=self.min_samples_leaf,
        )
        self.trees_ = []
        for start in range(0, self.trees, self.at_once):
            forest.set_params(n_estimators=min(start + self.at_once, self.trees)).fit(features, class_ids)
            for number in range(start, len(forest.estimators_)):
                self.trees_.append(_Tree(forest.estimators_[number].tree_))
                forest.estimators_[number] = None
        return self

    def predict_proba(self, features):
        """Each class' mean share in the leaves that an image comes to, float64 (images, classes)."""
        found = np.zeros((len(features), len(self.classes_)))
        for start in range(0, len(features), ROWS):
            part = slice(start, start + ROWS)
            for tree in self.trees_:
                found[part] += tree.shares(features[part])
        return found / len(self.trees_)

    def predict(self, features):
        """The class id of the largest share, (images,)."""
        return self.classes_[self.predict_proba(features).argmax(axis=1)]


class _Tree:
    """A fitted tree of scikit-learn, reduced."""

    def __init__(self, tree):
        self.left, self.right = tree.children_left.astype("int32"), tree.children_right.astype("int32")
        self.feature, self.threshold = tree.feature.astype("int32"), tree.threshold.copy()
        leaves = np.flatnonzero(self.left < 0)
        self.leaf = np.zeros(len(self.left), "int32")
        self.leaf[leaves] = np.arange(len(leaves))
        parts = [leaves[start : start + ROWS] for start in range(0, len(leaves), ROWS)]
        self.found = sparse.vstack([sparse.csr_array(tree.value[part, 0]) for part in parts], format="csr")

    def shares(self, features):
        """The shares of the classes in each image's leaf, (images, classes)."""
        node = np.zeros(len(features), "int32")
        while len(rows := np.flatnonzero(self.left[node] >= 0)):
            here = node[rows]
            goes_left = features[rows, self.feature[here]] <= self.threshold[here]
            node[rows] = np.where(goes_left, self.left[here], self.right[here])
        return self.found[self.leaf[node]].toarray()
