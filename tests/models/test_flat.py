"""Models within the model, by their outputs and maps: those of the flat model of the same layers."""

import keras
import numpy as np
import pytest
from keras import layers

from arttl.base.errors import InputError
from arttl.models import feature_extractor, flatten, replace_head
from arttl.pruning import compact
from arttl.saliency import grad_cam, smooth_grad, visual_backprop


def backbone():
    x = keras.Input((12, 12, 3))
    y = layers.Conv2D(4, 3, activation="relu", name="first")(x)
    y = layers.BatchNormalization(name="bn")(y)
    return keras.Model(x, layers.Conv2D(5, 3, activation="relu", name="second")(y), name="backbone")


def guide(mode="tf"):
    """Augmentation, Keras' preprocessing and a backbone, as in Keras' guide to transfer learning."""
    x = keras.Input((12, 12, 3), dtype="uint8", name="pixels")
    y = keras.Sequential([layers.RandomFlip()], name="augmentation")(x)
    y = keras.applications.imagenet_utils.preprocess_input(keras.ops.cast(y, "float32"), mode=mode)
    y = layers.GlobalAveragePooling2D()(backbone()(y, training=False))
    return keras.Model(x, layers.Dense(3, "softmax", name="answer")(layers.Dropout(0.5)(y)), name="guide")


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (3, 12, 12, 3), dtype="uint8")


@pytest.mark.parametrize("mode", ["tf", "caffe", "torch"])
def test_a_flat_model_shares_the_layers_and_gives_the_same(mode, images):
    model = guide(mode)
    flat = flatten(model)
    assert not any(isinstance(layer, keras.Model) for layer in flat.layers)
    assert flat.get_layer("second") is model.get_layer("backbone").get_layer("second")
    np.testing.assert_allclose(flat.predict_on_batch(images), model.predict_on_batch(images), atol=1e-6)
    assert flatten(flat) is flat
    np.testing.assert_allclose(visual_backprop(model, images), visual_backprop(flat, images))


def test_maps_of_a_nested_model_are_those_of_one_built_flat(images):
    inner = backbone()
    nested_x, flat_x = keras.Input((12, 12, 3)), keras.Input((12, 12, 3))
    pool, head = layers.GlobalAveragePooling2D(), layers.Dense(3, "softmax")
    nested = keras.Model(nested_x, head(pool(inner(nested_x))))
    tensor = flat_x
    for layer in inner.layers[1:]:
        tensor = layer(tensor)
    flat = keras.Model(flat_x, head(pool(tensor)))
    for method in (visual_backprop, grad_cam, smooth_grad):
        np.testing.assert_allclose(method(nested, images), method(flat, images), atol=1e-6)


def test_what_is_called_with_training_false_stays_so():
    """A backbone in inference mode keeps its moving statistics in the flat model too."""
    inner, x = backbone(), keras.Input((12, 12, 3))
    flat = flatten(keras.Model(x, inner(x, training=False)))
    (node,) = [node for node in flat.get_layer("bn")._inbound_nodes if node.outputs[0] is not inner.layers[2].output][
        -1:
    ]
    assert node.arguments.kwargs["training"] is False


def test_features_heads_and_compaction_of_a_nested_model(images):
    model = guide()
    kernel = model.get_layer("backbone").get_layer("first").kernel
    kernel.assign(np.where(np.arange(4) == 0, 0, keras.ops.convert_to_numpy(kernel)))
    assert feature_extractor(model).output_shape == (None, 5)
    assert replace_head(model, 7).predict_on_batch(images).shape == (3, 7)
    smaller = compact(model).model
    assert smaller.get_layer("first").filters == 3
    np.testing.assert_allclose(smaller.predict_on_batch(images), model.predict_on_batch(images), atol=1e-5)


def test_models_that_cannot_be_flattened_are_named():
    class Own(keras.Model):
        def call(self, inputs):
            return inputs

    x = keras.Input((12, 12, 3))
    with pytest.raises(InputError, match=r"model 'own' has no graph; begin it with keras\.Input"):
        flatten(keras.Model(x, layers.GlobalAveragePooling2D()(Own(name="own")(x))))
    with pytest.raises(InputError, match="two layers of 'both' are called 'first'"):
        flatten(keras.Model(x, layers.Conv2D(2, 3, name="first")(backbone()(x)), name="both"))
    with pytest.raises(InputError, match="does not end in one head that takes vectors"):
        feature_extractor(backbone())
