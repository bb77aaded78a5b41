"""Do the maps show what a network learnt? Planted patches, insertion and deletion, random weights; and the measures."""

import itertools

import keras
import numpy as np
import pytest
import saliency_measures as measures
from keras import layers
from planted_patches import PATCH, SIDE, network, planted, trained_network
from scipy import ndimage

from arttl import InputError
from arttl.saliency import grad_cam, smooth_grad, visual_backprop


@pytest.fixture(scope="module")
def trained():
    return trained_network()


@pytest.fixture(scope="module")
def scene():
    return planted(100, seed=1)


def smooth(model, images, class_ids=None):
    return smooth_grad(model, images, class_ids, samples=15)


@pytest.mark.slow
def test_the_network_has_learnt_the_textures(trained, scene):
    images, class_ids, _ = scene
    assert np.mean(trained.predict(images, verbose=0).argmax(axis=1) == class_ids) > 0.95


@pytest.mark.slow
@pytest.mark.parametrize("method", [visual_backprop, grad_cam, smooth])
def test_pointing_game_finds_the_planted_patch(method, trained, scene):
    images, _, boxes = scene
    hits = measures.pointing_game(method(trained, images), boxes)
    chance = (PATCH / SIDE) ** 2
    assert hits > 0.35
    assert measures.pointing_game(measures.random_maps(images.shape[:3]), boxes) < 3 * chance
    assert measures.pointing_game(measures.sobel_maps(images), boxes) < chance
    assert measures.pointing_game(method(network(1), images), boxes) < hits / 2


@pytest.mark.slow
@pytest.mark.parametrize("method", [visual_backprop, grad_cam])
def test_insertion_and_deletion_beat_random_and_sobel(method, trained, scene):
    images, class_ids, _ = scene
    baselines = measures.random_maps(images.shape[:3]), measures.sobel_maps(images)
    maps = method(trained, images)
    insertion = measures.insertion_curve(trained, images, maps, class_ids, steps=10).areas.mean()
    deletion = measures.deletion_curve(trained, images, maps, class_ids, steps=10).areas.mean()
    for baseline in baselines:
        assert insertion > measures.insertion_curve(trained, images, baseline, class_ids, steps=10).areas.mean() + 0.05
    assert deletion < measures.deletion_curve(trained, images, baselines[1], class_ids, steps=10).areas.mean() - 0.05


@pytest.mark.slow
def test_deletion_by_visual_backprop_beats_random(trained, scene):
    images, class_ids, _ = scene
    maps = visual_backprop(trained, images), measures.random_maps(images.shape[:3])
    ours, random = (measures.deletion_curve(trained, images, each, class_ids, steps=10).areas.mean() for each in maps)
    assert ours < random - 0.05


@pytest.mark.slow
@pytest.mark.parametrize("method", [visual_backprop, grad_cam, smooth])
def test_random_weights_take_the_map_down_to_the_floor(method, trained, scene):
    """A map of the trained network resembles those of random weights no more than these resemble one another."""
    images, class_ids = scene[0][:20], scene[1][:20]
    asked = () if method is visual_backprop else (class_ids,)
    ours, *random = (method(model, images, *asked) for model in (trained, *map(network, (1, 2, 3))))

    def similarity(pairs):
        return np.mean([np.nanmean(measures.rank_correlation(*pair)) for pair in pairs])

    floor = similarity(itertools.combinations(random, 2))
    assert similarity((ours, other) for other in random) < floor + 0.1
    assert floor < 0.95


def test_cascade_of_random_weights_from_the_head_down(trained, scene):
    """VisualBackProp does not see the head; each convolution that is made random takes its map further away."""
    images, model = scene[0][:40], network(3)
    fresh = {layer.name: layer.get_weights() for layer in model.layers}
    model.set_weights(trained.get_weights())
    ours, similarity = visual_backprop(trained, images), []
    cams = grad_cam(trained, images, scene[1][:40])
    for name in ("head", "conv3", "conv2", "conv1"):
        model.get_layer(name).set_weights(fresh[name])
        similarity.append(np.mean(measures.rank_correlation(ours, visual_backprop(model, images))))
        if name == "head":
            changed = measures.rank_correlation(cams, grad_cam(model, images, scene[1][:40]))
            assert np.nanmean(changed) < 0.8
    assert similarity[0] == pytest.approx(1)
    assert similarity[1] < 0.99
    assert similarity[-1] < similarity[1]
    assert similarity[-1] < 0.75


# The measures, by hand


def test_pointing_game_by_hand():
    maps = np.zeros((4, 3, 4))
    maps[0, 1, 2] = 1  # in its box
    maps[1, 2, 3] = 1  # one pixel outside, on both axes
    maps[2, 0, [0, 3]] = 1  # two peaks, one inside
    boxes = [[1, 2, 2, 3], [0, 0, 2, 3], [0, 0, 1, 2], [0, 0, 3, 2]]  # the last map is constant, its box half
    assert measures.pointing_game(maps, boxes) == pytest.approx((1 + 0 + 0.5 + 0.5) / 4)
    assert measures.pointing_game(maps[:2], boxes[:2], tolerance=1) == 1


def one_pixel_network():
    """Two classes; the logit of the second is x - 3 for the pixel x at the top left."""
    model = keras.Sequential([keras.Input((2, 2, 1)), layers.Flatten(), layers.Dense(2, activation="softmax")])
    kernel = np.zeros((4, 2))
    kernel[0, 1] = 1
    model.layers[-1].set_weights([kernel, np.array([0.0, -3.0])])
    return model


def probability(pixel):
    return 1 / (1 + np.exp(3 - pixel))


def test_deletion_by_hand():
    """The pixel 7, deleted second of four, becomes the mean, 4; the trapezoids are a quarter wide."""
    images = np.array([[7, 1], [3, 5]]).reshape(1, 2, 2, 1)
    curve = measures.deletion_curve(one_pixel_network(), images, [[[3, 4], [2, 1]]], class_ids=[1], steps=4)
    high, low = probability(7), probability(4)
    np.testing.assert_allclose(curve.shares, [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(curve.scores, [[high, high, low, low, low]], rtol=1e-5)
    np.testing.assert_allclose(curve.areas, (high / 2 + high + low + low + low / 2) / 4, rtol=1e-5)


def test_insertion_by_hand():
    """The pixel 7 enters last of four, into its blurred value; the class is the predicted one."""
    images = np.array([[7, 1], [3, 5]]).reshape(1, 2, 2, 1)
    curve = measures.insertion_curve(one_pixel_network(), images, [[[0, 4], [2, 1]]], steps=4, blur=1.0)
    blurred = ndimage.gaussian_filter(images[0, :, :, 0].astype(float), 1.0)[0, 0]
    np.testing.assert_allclose(curve.scores, [[probability(blurred)] * 4 + [probability(7)]], rtol=1e-4)


def test_a_constant_map_deletes_by_lot_and_not_by_position():
    images = np.arange(64.0).reshape(1, 8, 8, 1)
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(1)])
    model.layers[-1].set_weights([np.repeat([1.0, 0.0], 32)[:, None] / 32, np.zeros(1)])  # the mean of the upper half
    scores = measures.deletion_curve(model, images, np.zeros((1, 8, 8)), [0], steps=2).scores[0]
    assert scores[0] == pytest.approx(15.5)
    assert scores[2] == pytest.approx(31.5)
    assert 19 < scores[1] < 28  # in the order of position it would be 31.5


def test_sobel_by_hand():
    """An upright edge: 4 x 10 on the two columns beside it, nothing elsewhere."""
    images = np.zeros((2, 4, 6, 3))
    images[0, :, 3:] = 10
    maps = measures.sobel_maps(images)
    np.testing.assert_allclose(maps[0], [[0, 0, 1, 1, 0, 0]] * 4)
    assert not maps[1].any()


def test_rank_correlation_by_hand():
    """Ranks 1 2 3 4 against 2 1 4 3: 1 - 6 · 4 / (4 · 15) = 0.6."""
    one = np.array([[[0.1, 0.2], [0.7, 0.9]]] * 4)
    other = np.array([[[2, 1], [4, 3]], [[1, 2], [3, 40]], [[9, 8], [7, 6]], [[5, 5], [5, 5]]])
    np.testing.assert_allclose(measures.rank_correlation(one, other), [0.6, 1, -1, np.nan])


def test_measures_refuse_what_does_not_fit():
    maps, model = np.zeros((2, 2, 2)), one_pixel_network()
    for call in (
        lambda: measures.pointing_game(maps, [[0, 0, 1, 1]]),
        lambda: measures.pointing_game(maps[0], [[0, 0, 1, 1]]),
        lambda: measures.rank_correlation(maps, maps[:1]),
        lambda: measures.deletion_curve(model, np.zeros((2, 2, 2, 1)), maps[:1]),
        lambda: measures.insertion_curve(model, np.zeros((2, 2, 2, 1)), maps, steps=0),
        lambda: measures.insertion_curve(model, np.zeros((2, 2, 2, 1)), maps, class_ids=[0, 2]),
        lambda: measures.deletion_curve(model, np.zeros((2, 3, 2, 1)), maps),
    ):
        with pytest.raises(InputError):
            call()
