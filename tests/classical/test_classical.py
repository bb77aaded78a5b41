"""SVMs and forests on X against scikit-learn's own search, and as runs beside the softmax layer."""

import numpy as np
import pytest
from scripts import SMALL, run_folders
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV, PredefinedSplit

from arttl.classical import CLASSICAL, CLASSIFIERS, class_scores, search, sizes
from arttl.cli.parsers import rijks_parser
from arttl.runs import RunFolder


@pytest.fixture
def parts(rng):
    """X and class ids of train, validation and test: four overlapping clouds, long-tailed."""
    class_ids = rng.choice(4, 150, p=[0.5, 0.3, 0.15, 0.05])
    features = (rng.normal(size=(150, 12)) + rng.normal(size=(4, 12))[class_ids]).astype("float32")
    return [(features[rows], class_ids[rows]) for rows in np.split(np.arange(150), [90, 120])]


@pytest.mark.slow
@pytest.mark.parametrize("name", CLASSICAL)
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_the_search_is_scikit_learns(name, class_weight, parts, monkeypatch):
    if name == "random-forest":
        monkeypatch.setitem(CLASSICAL["random-forest"].grid, "max_features", ["sqrt"])  # a forest takes a while
    training, validation, test = parts
    theirs = GridSearchCV(
        Chosen(name, class_weight),
        {"settings": list(_grid(name))},
        cv=PredefinedSplit([-1] * len(training[1]) + [0] * len(validation[1])),
        refit=False,
    )
    theirs.fit(np.concatenate([training[0], validation[0]]), np.concatenate([training[1], validation[1]]))
    rows = []
    found = search(name, training, validation, seed=3, class_weight=class_weight, report=rows.append)
    np.testing.assert_allclose(found.table.val_accuracy, theirs.cv_results_["mean_test_score"])
    assert found.settings == theirs.best_params_["settings"]
    assert len(rows) == len(found.table) == len(list(_grid(name)))
    scores, are_probabilities = class_scores(found.estimator, test[0], 6)
    assert scores.shape == (30, 6)
    np.testing.assert_array_equal(scores.argmax(axis=1), found.estimator.predict(test[0]))
    assert are_probabilities == (name == "random-forest")
    if are_probabilities:
        np.testing.assert_allclose(scores.sum(axis=1), 1)


def test_two_classes_have_two_scores(parts):
    (features, class_ids), validation, test = parts
    two = [(features, (class_ids > 0) * 2), (validation[0], (validation[1] > 0) * 2)]
    scores, _ = class_scores(search("linear-svm", *two).estimator, test[0], 3)
    assert (scores[:, 0] == -scores[:, 2]).all()
    assert (scores[:, 1] == -np.inf).all()


def test_the_command_line_names_every_classifier():
    (option,) = [each for each in rijks_parser("", ["type"])._actions if each.dest == "classifier"]
    assert tuple(option.choices) == CLASSIFIERS


@pytest.mark.slow
def test_classifiers_are_runs_beside_the_softmax_layer(script, photographs, tmp_path, monkeypatch):
    names = ["softmax", "linear-svm", "random-forest"]
    arguments = ["--data", photographs, *SMALL, "--approach", "off-the-shelf", "--classifier", *names]
    code, out, err = script(*arguments)
    assert code == 0, err
    folders = [RunFolder(path) for path in run_folders(tmp_path / "runs")]
    root = tmp_path / "runs" / "ch1" / "rijks" / "type" / "vgg19" / "off-the-shelf"
    assert {str(folder.path.relative_to(root)) for folder in folders} == {
        "seed-42",
        "linear-svm/seed-42",
        "random-forest/seed-42",
    }
    assert "| classifier " in out
    for folder in folders:
        config, metrics, predictions = folder.read_config(), folder.metrics(), folder.predictions()
        name = config["settings"].get("classifier", "softmax")
        assert metrics["test_accuracy"] == (predictions.label == predictions.predicted).mean()
        assert (folder.path / "model.keras").exists() == (name == "softmax")
        if name != "softmax":
            assert metrics["hyper_parameters"].keys() == CLASSICAL[name].grid.keys()
            assert folder.history().val_accuracy.max() >= 0
            assert f"{name} on X, in settings of this project's" in config["deviations"]
        assert predictions.probability.isna().all() == (name == "linear-svm")
        assert (metrics["test_loss"] is None) == (name == "linear-svm")
    assert script(*arguments)[1].count("runs were finished already") == 1
    with monkeypatch.context() as patch:
        patch.setattr(sizes, "_LINEAR", 0)  # as if there were much data: what stands in is no finished run's solver
        code, _, err = script(*arguments)
        assert (code, "other settings (solver was None, now all classes at once by L-BFGS" in err) == (2, True)
    code, _, err = script("--data", photographs, *SMALL, "--approach", "fine-tuning", "--classifier", "rbf-svm")
    assert code == 2
    assert "goes with --approach off-the-shelf" in err
    code, _, err = script("--data", photographs, *SMALL, "--recipe", "released", "--classifier", "rbf-svm")
    assert code == 2
    assert "--set features=one-pass" in err


class Chosen(ClassifierMixin, BaseEstimator):
    """scikit-learn's view of one setting of a Classical: an estimator whose one parameter is the whole setting."""

    def __init__(self, name, class_weight, settings=None):
        self.name, self.class_weight, self.settings = name, class_weight, settings

    def get_params(self, deep=True):
        return {"name": self.name, "class_weight": self.class_weight, "settings": self.settings}

    def set_params(self, settings):
        self.settings = settings
        return self

    def fit(self, features, class_ids):
        self.estimator = CLASSICAL[self.name].make(3, self.class_weight, **self.settings).fit(features, class_ids)
        return self

    def score(self, features, class_ids):
        return self.estimator.score(features, class_ids)


def _grid(name):
    from sklearn.model_selection import ParameterGrid

    return ParameterGrid(CLASSICAL[name].grid)
