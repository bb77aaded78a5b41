"""What classifiers on X need for so many images, features and classes: which solver, and how much memory."""

from __future__ import annotations

from dataclasses import dataclass

from joblib import effective_n_jobs
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from arttl.base.errors import InputError
from arttl.base.memory import free_memory
from arttl.classical.landmarks import LANDMARKS
from arttl.classical.linear import HISTORY, ROWS

TREES = 500
CHUNK = 256 << 20  # bytes that the scores of the images predicted at once may take

# Above these a solver of scikit-learn takes hours and more for one setting; what stands in its place is in CLASSICAL.
_LINEAR = 2e9  # images * features * classes
_RBF = 4e11  # images * images * features
_FOREST = 2 << 30  # bytes of all nodes' classes
_DISTINCT = 0.632  # share of the images that a tree sees: it draws as many with replacement
_KEPT = 28  # bytes of a node in SparseForest


@dataclass(frozen=True)
class Size:
    """Numbers of images to train on, of their features, and of classes."""

    images: int
    features: int
    classes: int

    @property
    def nodes(self):
        """The most nodes that a tree can have, when every image that it sees has a leaf of its own."""
        return int(2 * _DISTINCT * self.images)

    def is_large(self, name):
        """Whether another solver than scikit-learn's usual one is taken for a classifier of CLASSICAL."""
        if name == "linear-svm":
            return self.classes > 2 and self.images * self.features * self.classes > _LINEAR
        if name == "rbf-svm":
            return self.classes > 2 and self.images**2 * self.features > _RBF
        return TREES * self._tree > _FOREST

    def memory(self, name):
        """Bytes that fitting and predicting take at most, X included.

        Arguments:
            name: of CLASSICAL.
        """
        large, values = self.is_large(name), self.images * self.features
        if name == "random-forest":
            kept = TREES * (_KEPT * self.nodes + 12 * self.images) if large else TREES * self._tree
            return 4 * values + 2 * kept + (trees_at_once(self) * 3 * self._tree // 2 if large else 0)
        scaled = 8 * values  # X, and X scaled, of float32
        if name == "linear-svm":
            return scaled + (self._joint(self.features) if large else 24 * values)  # float64; LIBLINEAR's own
        if large:
            mapped = 4 * self.images * LANDMARKS + 8 * LANDMARKS * (self.features + 6 * LANDMARKS)
            return scaled + mapped + self._joint(LANDMARKS)
        return scaled + 16 * values + 8 * self.images * self.classes + (200 << 20) + CHUNK  # 200 MB: SVC's cache

    @property
    def _tree(self):
        """Bytes of a tree of scikit-learn: it keeps a float64 for each node and class."""
        return 8 * self.nodes * self.classes

    def _joint(self, features):
        """Bytes of L-BFGS' vectors, and of what JointLinearSVC has of some images at once."""
        return 8 * (2 * HISTORY + 8) * (features + 1) * self.classes + 4 * 4 * ROWS * self.classes


def trees_at_once(size):
    """How many trees SparseForest grows before it reduces them: one a processor, in a quarter of the free memory."""
    room = (free_memory() or (8 << 30)) // 4
    return max(1, min(effective_n_jobs(-1), room // max(1, size._tree)))


def check_memory(name, size):
    """Words about what a classifier needs.

    Arguments:
        name: of CLASSICAL.
        size: a Size.

    Raises InputError when there is less memory than that.
    """
    needed, free = size.memory(name), free_memory()
    of = f"{size.images:,} images x {size.features:,} features x {size.classes:,} classes"
    words = f"{name}, {of}: at most {_gigabytes(needed)} of memory"
    if free is None:
        return words
    if needed > free:
        raise InputError(f"{words}, and {_gigabytes(free)} are free; free some, or leave {name} to a larger machine")
    return f"{words}; {_gigabytes(free)} are free"


def images_at_once(estimator):
    """How many images to predict at once, so that their scores take no more than CHUNK bytes.

    Arguments:
        estimator: fitted, of CLASSICAL.
    """
    classes = len(estimator.classes_)
    last = estimator[-1] if isinstance(estimator, Pipeline) else estimator
    # An SVC has a score for each pair of classes, of which scikit-learn makes some copies.
    scores = 4 * classes * (classes - 1) // 2 if isinstance(last, SVC) else 3 * classes
    return max(1, CHUNK // (8 * scores))


def _gigabytes(number):
    return f"{number / 1e9:,.1f} GB"
