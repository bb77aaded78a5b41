"""The inputs and initial weights of the 2018 references, made anew on both sides instead of stored.

`record_era.py` runs them through the real Keras of 2018 (Python 3.6, numpy 1.14), the tests through arttl (numpy 2).
Only numpy, and of `RandomState` only methods whose streams numpy has frozen: `random_sample`, `standard_normal`,
`randint`. Nothing here takes a logarithm or an exponential, whose last bit depends on the numpy version.
"""

import zlib

import numpy as np

ERAS = ("2.1.2", "2.1.6", "2.2.2", "2.2.4")

# Steps after which the weights are recorded.
HEAD_STEPS = (50, 600)
BATCHNORM_STEPS = (1, 100)

HEAD_OPTIMIZERS = {
    "rmsprop_default": ("RMSprop", {"lr": 0.001}),
    "rmsprop_1e-8": ("RMSprop", {"lr": 0.001, "rho": 0.9, "epsilon": 1e-8}),
    "sgd_nesterov": ("SGD", {"lr": 0.001, "momentum": 0.9, "nesterov": True}),
    "sgd_released": ("SGD", {"lr": 0.0001, "momentum": 0.9}),
}

NETWORKS = {
    "vgg19": ("VGG19", 64),
    "inception_v3": ("InceptionV3", 139),
    "xception": ("Xception", 71),
    "resnet50": ("ResNet50", 197),
    "resnet50_256": ("ResNet50", 256),
}

LOAD_SIZE = (7, 9)  # height, width: the `target_size` of the load_img references

_NAN, _INF = float("nan"), float("inf")

# `losses` are the val_loss of each epoch; Keras stops after `patience` epochs without improvement.
EARLY_STOPPING = {
    "plateau": {"losses": [1.0, 0.8, 0.6, 0.5] + [0.55] * 12, "patience": 7},
    "ties": {"losses": [1.0, 0.5, 0.5, 0.5, 0.5, 0.4], "patience": 3},
    "late_improvement": {"losses": [1.0, 1.1, 1.2, 0.9, 1.0, 0.8, 0.9, 0.9, 0.9, 0.9], "patience": 3},
    "improves_on_last_chance": {"losses": [0.5, 0.6, 0.6, 0.4, 0.6, 0.6, 0.6, 0.3], "patience": 3},
    "nan_in_the_middle": {"losses": [1.0, 0.9, _NAN, 0.8, _NAN, _NAN, _NAN, 0.7], "patience": 3},
    "nan_first": {"losses": [_NAN, 0.9, 0.8, 0.85, 0.86, 0.87, 0.5], "patience": 3},
    "nan_first_patience_1": {"losses": [_NAN, 0.9, 0.8, 0.7], "patience": 1},
    "all_nan": {"losses": [_NAN] * 10, "patience": 7},
    "patience_0": {"losses": [1.0, 0.9, 0.95, 0.8], "patience": 0},
    "patience_0_tie": {"losses": [1.0, 1.0, 0.9], "patience": 0},
    "patience_1": {"losses": [1.0, 0.9, 0.95, 0.8], "patience": 1},
    "never_stops": {"losses": [1.0, 0.9, 0.8, 0.7, 0.6, 0.5], "patience": 2},
    "inf_first": {"losses": [_INF, 0.9, 0.8, 0.9, 0.9, 0.7], "patience": 2},
    "all_inf": {"losses": [_INF] * 6, "patience": 4},
}


def stream(key):
    """Return the random stream that belongs to the text `key`."""
    return np.random.RandomState(zlib.crc32(key.encode()))


def _uniform(random, low, high, shape):
    return (low + (high - low) * random.random_sample(shape)).astype(np.float32)


def _normal(random, scale, shape):
    return (scale * random.standard_normal(shape)).astype(np.float32)


def _one_hot(classes, count):
    return np.eye(count, dtype=np.float32)[classes]


def _batch(inputs, one_hot, size, step):
    rows = (np.arange(size) + step * size) % len(inputs)
    return inputs[rows], one_hot[rows]


def head_case():
    """Return a softmax head's training set, initial weights and schedule.

    `features` float32 (320, 64) look like a pooled ReLU layer: non-negative, mean about 0.28, 73% of them zero. The
    classes can be told apart, so that gradients fall to where RMSprop's epsilon, and its place, matter. `classes` int
    (320,); `one_hot` float32 (320, 10); `kernel` float32 (64, 10), Glorot uniform; `bias` (10,), zeros; `batch_size`
    and `steps`.
    """
    random = stream("head")
    classes = random.randint(0, 10, 320)
    centres = 1.5 * random.standard_normal((10, 64)) - 1.0
    features = np.maximum(0.0, centres[classes] + 0.5 * random.standard_normal((320, 64)))
    limit = (6.0 / (64 + 10)) ** 0.5
    return {
        "features": features.astype(np.float32),
        "classes": classes,
        "one_hot": _one_hot(classes, 10),
        "kernel": _uniform(random, -limit, limit, (64, 10)),
        "bias": np.zeros(10, np.float32),
        "batch_size": 32,
        "steps": HEAD_STEPS[-1],
    }


def head_batch(case, step):
    """Return (features, one_hot) of training step `step`, counted from 0; the rows cycle in order."""
    return _batch(case["features"], case["one_hot"], case["batch_size"], step)


# One row each, the true class first; `loss_case` moves it to the row's own class.
_PROBABILITIES = (
    (0.0, 0.25, 0.25, 0.25, 0.25),
    (0.0, 1.0, 0.0, 0.0, 0.0),
    (1e-9, 0.4, 0.3, 0.2, 0.1),
    (1e-7, 0.7, 0.1, 0.1, 0.1),
    (3e-7, 0.7, 0.1, 0.1, 0.1),
    (1.0, 0.0, 0.0, 0.0, 0.0),
    (1.0 - 1e-8, 1e-8, 0.0, 0.0, 0.0),
    (1.0 - 1e-6, 1e-6, 0.0, 0.0, 0.0),
    (0.2, 0.2, 0.2, 0.2, 0.2),
    (0.2, 0.2, 0.2, 0.1, 0.1),
    (0.9, 0.5, 0.3, 0.2, 0.1),
    (0.01, 0.03, 0.02, 0.01, 0.03),
)
_LOGITS = (
    (-40.0, 0.0, -1.0, -2.0, -3.0),
    (-5.0, 0.0, -1.0, -2.0, -3.0),
    (-15.5, 0.0, -20.0, -20.0, -20.0),
    (-16.5, 0.0, -20.0, -20.0, -20.0),
    (0.0, 0.0, 0.0, 0.0, 0.0),
    (2.0, 2.0, -1.0, -1.0, 0.5),
    (-2.0, 3.0, 3.0, 0.0, 1.0),
    (40.0, 0.0, 1.0, 2.0, 3.0),
    (5.0, 0.0, 0.0, 0.0, 0.0),
    (101.0, 100.0, 99.0, 98.0, 97.0),
    (0.3, -0.7, 1.1, 0.2, -0.4),
    (-1.5, 0.6, 0.1, -0.2, 2.4),
)


def loss_case():
    """Return `probabilities`, `logits` and `one_hot`, each float32 (12, 5); row i's true class is i modulo 5.

    The rows reach both ends of the clipping to [1e-7, 1 - 1e-7], ties, and probabilities that do not sum to 1.
    """
    classes = np.arange(len(_LOGITS)) % 5
    return {
        "probabilities": _true_class_at(classes, _PROBABILITIES),
        "logits": _true_class_at(classes, _LOGITS),
        "one_hot": _one_hot(classes, 5),
    }


def _true_class_at(classes, rows):
    return np.array([np.roll(row, true) for row, true in zip(rows, classes)], np.float32)


_BATCHNORM_SHAPES = (
    ("conv1", {"kernel": (3, 3, 3, 8), "bias": (8,)}),
    ("bn1", {"gamma": (8,), "beta": (8,), "mean": (8,), "variance": (8,)}),
    ("conv2", {"kernel": (3, 3, 8, 12), "bias": (12,)}),
    ("bn2", {"gamma": (12,), "beta": (12,), "mean": (12,), "variance": (12,)}),
    ("head", {"kernel": (12, 5), "bias": (5,)}),
)


def batchnorm_case():
    """Return a small net's training set, initial weights and schedule.

    The net: Conv2D(8, 3, 'same', name 'conv1') - BatchNormalization('bn1') - relu - Conv2D(12, 3, strides 2, 'same',
    'conv2') - BatchNormalization('bn2') - relu - GlobalAveragePooling2D - Dense(5, softmax, 'head').
    `images` float32 (128, 16, 16, 3) in [-1, 1], tinted by class; `one_hot` float32 (128, 5); `weights`: dict of
    'layer/weight' to array, in the order of the net and of `Layer.get_weights`; `optimizer`: 2018 class name and
    arguments; `batch_size` and `steps`.

    Centred, and something to learn: with neither, 100 steps blow rounding up to 1e-3 of the weights.
    """
    random = stream("batchnorm")
    classes = random.randint(0, 5, 128)
    weights = {}
    for layer, shapes in _BATCHNORM_SHAPES:
        for name, shape in shapes.items():
            weights[layer + "/" + name] = _batchnorm_weight(random, name, shape)
    tints = _uniform(random, -0.6, 0.6, (5, 1, 1, 3))
    blocks = _blocks(random, 128, 16, 4).astype(np.float32) / np.float32(127.5) - np.float32(1)
    return {
        "images": np.float32(0.4) * blocks + tints[classes],
        "one_hot": _one_hot(classes, 5),
        "weights": weights,
        "optimizer": ("SGD", {"lr": 0.001, "momentum": 0.9, "nesterov": True}),
        "batch_size": 16,
        "steps": BATCHNORM_STEPS[-1],
    }


def _batchnorm_weight(random, name, shape):
    if name == "kernel":
        return _normal(random, (2.0 / np.prod(shape[:-1])) ** 0.5, shape)
    if name in ("gamma", "variance"):
        return _uniform(random, 0.5, 1.5, shape)
    return _normal(random, 0.2, shape)


def batchnorm_batch(case, step):
    """Return (images, one_hot) of training step `step`, counted from 0; the rows cycle in order."""
    return _batch(case["images"], case["one_hot"], case["batch_size"], step)


def _blocks(random, count, side, block):
    """Return uint8 (count, side, side, 3): coloured blocks of `block` pixels under a little noise.

    Plain noise would not do: averaged over an image it is the same for every image.
    """
    cells = -(-side // block)
    coarse = random.randint(0, 224, (count, cells, cells, 3))
    coarse = coarse.repeat(block, axis=1).repeat(block, axis=2)[:, :side, :side]
    return (coarse + random.randint(0, 32, coarse.shape)).astype(np.uint8)


def network_images(key):
    """Return two images, uint8 (2, side, side, 3), the second one darker; the network `key` is fed them / 255."""
    images = _blocks(stream("images/" + key), 2, NETWORKS[key][1], 23)
    images[1] //= 2
    return images


def layer_key(network, index, name):
    """Return the key of a layer's weights.

    ResNet50's layers are known by their 2018 names, since Keras 3 orders them differently; the others' by `index`, the
    layer's place among the layers with weights in `model.layers`, counted from 0, which is the same in Keras 3.
    """
    if network.startswith("resnet50"):
        return "resnet50/" + name
    return f"{network}/{index}"


def seeded_weights(key, shapes):
    """Return one layer's weights, float32 arrays of `shapes`, in the order of `Layer.get_weights`.

    Three or four vectors of one length are a BatchNormalization's ([gamma,] beta, mean, variance). Kernels are He
    normal; gammas are below 1 so that the sums of residual networks do not grow, and the vectors that are added are
    small beside what the image brings, which would otherwise be lost in them after fifty layers.
    """
    random = stream(key)
    shapes = [tuple(shape) for shape in shapes]
    if len(shapes) > 2 and all(len(shape) == 1 for shape in shapes):
        return _seeded_batchnorm(random, shapes)
    return [_normal(random, _scale(shape), shape) for shape in shapes]


def _seeded_batchnorm(random, shapes):
    size = shapes[0]
    gamma = [_uniform(random, 0.4, 0.8, size)] if len(shapes) == 4 else []
    return [*gamma, _normal(random, 0.03, size), _normal(random, 0.03, size), _uniform(random, 0.5, 1.5, size)]


def _scale(shape):
    if len(shape) == 1:
        return 0.02
    depthwise = len(shape) == 4 and shape[3] == 1
    fan_in = shape[0] * shape[1] if depthwise else np.prod(shape[:-1])
    return (2.0 / fan_in) ** 0.5
