"""Sparse weight files and magnitude masks, against hand-worked examples."""

import h5py
import keras
import numpy as np
import pytest

from arttl.base.errors import InputError
from arttl.models import build_classifier, sparse
from arttl.models.belongings import weights_path
from arttl.pruning import hold_masks, magnitude_masks, prunable_kernels


def test_global_masks_by_hand():
    kernels = {"a": np.array([[1.0, -5.0], [0.5, 3.0]]), "b": np.array([-0.1, 4.0])}
    masks = magnitude_masks(kernels, 0.5)
    np.testing.assert_array_equal(masks["a"], [[False, True], [False, True]])
    np.testing.assert_array_equal(masks["b"], [False, True])


def test_layer_masks_by_hand():
    kernels = {"a": np.array([1.0, -5.0, 0.5, 3.0]), "b": np.array([-0.1, 4.0])}
    masks = magnitude_masks(kernels, 0.5, scope="layer")
    np.testing.assert_array_equal(masks["a"], [False, True, False, True])
    np.testing.assert_array_equal(masks["b"], [False, True])


def test_ties_keep_the_count_exact():
    masks = magnitude_masks({"a": np.ones(10)}, 0.3)
    np.testing.assert_array_equal(masks["a"], [True] * 7 + [False] * 3)


def test_wrong_arguments():
    with pytest.raises(InputError, match="sparsity"):
        magnitude_masks({"a": np.ones(3)}, 1.0)
    with pytest.raises(InputError, match="scope"):
        magnitude_masks({"a": np.ones(3)}, 0.5, scope="rows")


def test_prunable_are_the_backbones_convolutions_alone():
    model = build_classifier("resnet50", 4, weights="none", image_size=32)
    kernels = prunable_kernels(model)
    assert len(kernels) == 53  # He et al. (2016): 49 convolutions in the blocks and the stem, 4 projections
    assert sum(int(np.prod(kernel.shape)) for kernel in kernels.values()) == 23_454_912
    assert not any("head" in path or path.endswith("bias") for path in kernels)


def test_mask_holds_in_a_compiled_step_and_can_change(rng):
    model = keras.Sequential(
        [keras.Input((4, 4, 1)), keras.layers.Conv2D(3, 3), keras.layers.Flatten(), keras.layers.Dense(2)]
    )
    kernel = model.layers[0].kernel
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
    held = hold_masks(model, {"conv": kernel})
    x, y = rng.normal(size=(8, 4, 4, 1)).astype("float32"), rng.normal(size=(8, 2)).astype("float32")
    for keep in (0, 5, 11):
        mask = np.zeros(kernel.shape, bool)
        mask.reshape(-1)[keep:] = True
        held.assign({"conv": mask})
        model.train_on_batch(x, y)
        values = keras.ops.convert_to_numpy(kernel).ravel()
        assert (values[:keep] == 0).all()
        assert (values[keep:] != 0).all()


def test_sparse_file_round_trip(tmp_path, rng):
    kernel = np.zeros((3, 3, 40, 50), "float32")
    index = rng.choice(kernel.size, 300, replace=False)
    kernel.reshape(-1)[index] = rng.normal(size=300)
    kernel.reshape(-1)[[0, -1]] = 2.0  # the very first and the very last weight
    bias = rng.normal(size=7).astype("float32")
    sparse.save(
        tmp_path / "w.h5", {"conv/kernel": kernel, "conv/bias": bias, "none/kernel": np.zeros((2, 2))}, {"note": "x"}
    )
    arrays = sparse.read(tmp_path / "w.h5")
    np.testing.assert_array_equal(arrays["conv/kernel"], kernel.astype("float16").astype("float32"))
    np.testing.assert_array_equal(arrays["conv/bias"], bias)
    np.testing.assert_array_equal(arrays["none/kernel"], np.zeros((2, 2)))
    assert sparse.is_sparse(tmp_path / "w.h5")


def test_a_file_of_version_2_is_read_exactly(tmp_path):
    kernel = np.array([0, 0, 1 / 3, 0], "float32")
    sparse.save(tmp_path / "w.h5", {"a": kernel}, {})
    with h5py.File(tmp_path / "w.h5", "a") as file:
        file.attrs["format"] = "arttl sparse weights 2"
        del file["values"]
        file.create_dataset("values", data=kernel[2:3], chunks=True, fletcher32=True)
    assert sparse.is_sparse(tmp_path / "w.h5")
    np.testing.assert_array_equal(sparse.read(tmp_path / "w.h5")["a"], kernel)


def test_sparse_file_with_other_shapes_is_refused_before_it_is_decoded(tmp_path):
    sparse.save(tmp_path / "w.h5", {"a": np.ones(3)}, {})
    with h5py.File(tmp_path / "w.h5", "a") as file:
        file["shapes"][...] = [[2_000_000_000, 1000, 1000, 1]]
    with pytest.raises(ValueError, match=r"a: .* in the file"):
        sparse.read(tmp_path / "w.h5", {"a": (3,)})
    with pytest.raises(ValueError, match="b: missing in the file"):
        sparse.read(tmp_path / "w.h5", {"a": (2_000_000_000, 1000, 1000, 1), "b": (2,)})


@pytest.mark.parametrize(
    ("weights", "megabytes", "zeros"),
    [("bundled-photographs", (10, 20), (0.74, 0.76)), ("bundled-drawings", (1, 2), (0.95, 0.99))],
)
def test_bundled_weights_are_small_sparse_and_load_dense(weights, megabytes, zeros):
    path = weights_path("resnet50", weights)
    assert megabytes[0] < path.stat().st_size / 1e6 < megabytes[1]
    model = build_classifier("resnet50", 4, weights=weights, image_size=32)
    arrays = sparse.read(path)
    np.testing.assert_array_equal(
        model.get_layer("conv3_block2_2_conv").get_weights()[0], arrays["conv3_block2_2_conv/kernel"]
    )
    kernels = [keras.ops.convert_to_numpy(kernel) for kernel in prunable_kernels(model).values()]
    zero = 1 - sum(np.count_nonzero(kernel) for kernel in kernels) / sum(kernel.size for kernel in kernels)
    assert zeros[0] < zero < zeros[1]
