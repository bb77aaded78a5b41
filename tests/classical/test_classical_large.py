"""SVMs and forests of many images and classes: against scikit-learn's, small, and their bytes at the thesis' size."""

import tracemalloc

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.svm import SVC, LinearSVC

from arttl import classical
from arttl.base.errors import InputError
from arttl.classical import CLASSICAL, Size, check_memory, class_scores, search, sizes, stand_in
from arttl.classical.forest import SparseForest
from arttl.classical.landmarks import Landmarks
from arttl.classical.linear import JointLinearSVC

THESIS = Size(90_000, 2_048, 1_054)
"""The Rijksmuseum's artists: the images to train on, ResNet50's X."""


@pytest.fixture
def clouds(rng):
    """X and class ids of 6 overlapping, long-tailed clouds that do not begin at 0: 240 images x 12."""
    class_ids = rng.choice(6, 240, p=[0.4, 0.2, 0.15, 0.1, 0.1, 0.05]) + 3
    features = rng.normal(size=(240, 12)) + rng.normal(size=(9, 12))[class_ids]
    return features.astype("float32"), class_ids


@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("C", [1e-3, 1.0])
def test_all_classes_at_once_come_to_what_liblinear_does_one_by_one(clouds, class_weight, C, monkeypatch):
    monkeypatch.setattr("arttl.classical.linear.ROWS", 64)
    features, class_ids = clouds[0].astype("float64"), clouds[1]
    theirs = LinearSVC(C=C, class_weight=class_weight, tol=1e-10, max_iter=10**6, dual=False).fit(features, class_ids)
    ours = JointLinearSVC(C, class_weight, tolerance=1e-9).fit(features, class_ids)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-5)
    np.testing.assert_array_equal(ours.predict(features), theirs.predict(features))
    narrow = JointLinearSVC(C, class_weight).fit(*clouds)
    assert narrow.coef_.dtype == "float32"
    assert (narrow.predict(clouds[0]) == theirs.predict(features)).mean() > 0.98


def test_landmarks_have_the_kernel_as_their_products(clouds):
    features = clouds[0]
    found = Landmarks(landmarks=len(features)).fit(features).transform(features)
    kernel = rbf_kernel(features, gamma=1 / (12 * features.var()))  # what SVC calls "scale"
    np.testing.assert_allclose(found @ found.T, kernel, atol=1e-3)
    assert Landmarks(0.1, 20, seed=1).fit(features).transform(features).shape == (240, 20)


@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("at_once", [1, 3, 8])
def test_a_sparse_forest_is_scikit_learns_tree_for_tree(clouds, class_weight, at_once, monkeypatch):
    monkeypatch.setattr("arttl.classical.forest.ROWS", 100)
    settings = {"max_features": "sqrt", "min_samples_leaf": 2}
    theirs = RandomForestClassifier(8, random_state=4, class_weight=class_weight, **settings).fit(*clouds)
    ours = SparseForest(8, at_once, 4, class_weight, **settings).fit(*clouds)
    np.testing.assert_allclose(ours.predict_proba(clouds[0]), theirs.predict_proba(clouds[0]), atol=1e-12)
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)


@pytest.mark.parametrize("name", CLASSICAL)
def test_a_search_with_what_stands_in_finds_what_the_usual_solver_does(name, clouds, monkeypatch):
    training, validation = (clouds[0][::2], clouds[1][::2]), (clouds[0][1::2], clouds[1][1::2])
    monkeypatch.setitem(CLASSICAL["random-forest"].grid, "max_features", ["sqrt"])
    monkeypatch.setitem(CLASSICAL["random-forest"].grid, "min_samples_leaf", [1])
    monkeypatch.setattr("arttl.classical.TREES", 20)
    usual = search(name, training, validation, seed=2)
    for limit in ("_LINEAR", "_RBF", "_FOREST"):
        monkeypatch.setattr(sizes, limit, 0)
    monkeypatch.setattr(sizes, "CHUNK", 5000)  # a few images at a time
    large = search(name, training, validation, seed=2)
    assert (
        type(large.estimator) is SparseForest
        if name == "random-forest"
        else type(large.estimator[-1]) is JointLinearSVC
    )
    best = usual.table.val_accuracy.max()
    assert large.table.val_accuracy.max() == pytest.approx(best, abs=0.05)
    scores, are_probabilities = class_scores(large.estimator, validation[0], 10)
    assert scores.shape == (120, 10)
    np.testing.assert_array_equal(scores.argmax(axis=1), large.estimator.predict(validation[0]))
    assert are_probabilities == (name == "random-forest")


def test_pairs_of_classes_are_predicted_in_parts_and_to_the_same_bits(clouds, monkeypatch):
    machine = SVC(break_ties=True).fit(*clouds)
    whole, probabilities = class_scores(machine, clouds[0], 9)
    monkeypatch.setattr(sizes, "CHUNK", 8 * 4 * 15 * 7)  # seven images of 15 pairs
    assert sizes.images_at_once(machine) == 7
    parts, _ = class_scores(machine, clouds[0], 9)
    np.testing.assert_array_equal(parts, whole)
    assert not probabilities


def test_small_data_keep_scikit_learns_solvers_and_the_thesis_takes_those_that_end():
    small = Size(1_109, 2_048, 8)  # of the bundled collections
    assert [small.is_large(name) for name in CLASSICAL] == [False, False, False]
    assert [THESIS.is_large(name) for name in CLASSICAL] == [True, True, True]
    assert [bool(stand_in(name, small)) for name in classical.CLASSIFIERS] == [False, False, False, False]
    assert [bool(stand_in(name, THESIS)) for name in classical.CLASSIFIERS] == [False, True, True, False]


def test_the_thesis_size_fits_into_a_machine(monkeypatch):
    """Once 259 GB for the forest, and 104 GB for the RBF machine's predictions."""
    monkeypatch.setattr(sizes, "free_memory", lambda: 16 << 30)
    monkeypatch.setattr(sizes, "effective_n_jobs", lambda jobs: 16)
    for name in CLASSICAL:
        assert 1e9 < THESIS.memory(name) < 14e9
        assert "at most" in check_memory(name, THESIS)
    machine = SVC()
    machine.classes_ = np.arange(1_054)
    assert sizes.images_at_once(machine) * 1_054 * 1_053 / 2 * 8 <= 256 << 20


def test_too_little_memory_is_said_before_anything_is_computed(monkeypatch):
    monkeypatch.setattr(sizes, "free_memory", lambda: 1 << 30)
    with pytest.raises(InputError, match=r"rbf-svm, 90,000 images x .* GB of memory, and 1\.1 GB are free; free some"):
        check_memory("rbf-svm", THESIS)
    monkeypatch.setattr(sizes, "free_memory", lambda: None)
    assert check_memory("rbf-svm", THESIS).endswith("GB of memory")


@pytest.mark.parametrize("name", CLASSICAL)
def test_what_is_told_is_not_less_than_what_is_taken(name, rng, monkeypatch):
    """A hundredth of the thesis' images, and the bytes that NumPy and Python take at the most."""
    for limit in ("_LINEAR", "_RBF", "_FOREST"):
        monkeypatch.setattr(sizes, limit, 0)
    monkeypatch.setattr(sizes, "TREES", 4)
    monkeypatch.setattr("arttl.classical.TREES", 4)
    monkeypatch.setattr(sizes, "LANDMARKS", 100)
    monkeypatch.setattr("arttl.classical.landmarks.LANDMARKS", 100)
    size = Size(900, 128, 100)
    class_ids = np.arange(900) % 100
    features = (rng.normal(size=(900, 128)) + rng.normal(size=(100, 128))[class_ids]).astype("float32")
    settings = {key: values[0] for key, values in CLASSICAL[name].grid.items()}
    estimator = CLASSICAL[name].make_large(size, 0, None, **settings)
    if name == "rbf-svm":
        estimator[1].landmarks = 100
    tracemalloc.start()
    try:
        estimator.fit(features.copy(), class_ids)
        class_scores(estimator, features, 100)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < size.memory(name)


def test_a_tree_of_scikit_learn_takes_what_is_told_and_not_much_less(rng):
    """Its own memory, which Python does not see: a float64 for each node and class."""
    features, class_ids = rng.normal(size=(900, 32)).astype("float32"), np.arange(900) % 100
    (tree,) = RandomForestClassifier(1, random_state=0).fit(features, class_ids).estimators_
    told = Size(900, 32, 100)._tree
    assert 0.5 * told < tree.tree_.value.nbytes <= told
    forest = SparseForest(1).fit(features, class_ids).trees_[0]
    kept = sum(array.nbytes for array in (forest.left, forest.right, forest.feature, forest.threshold, forest.leaf))
    assert kept + forest.found.data.nbytes + forest.found.indices.nbytes < told / 20


def test_an_image_has_the_same_features_alone_as_among_others(rng):
    """In float32 they differed by what kernels that are nearly singular magnify, and so did the classes."""
    features = rng.normal(size=(240, 2)).astype("float32")  # so few features that the kernel is nearly singular
    mapped = Landmarks(landmarks=120).fit(features)
    alone = np.concatenate([mapped.transform(features[k : k + 1]) for k in range(len(features))])
    np.testing.assert_allclose(mapped.transform(features), alone, atol=1e-6)
