"""VisualBackProp written out once more, for the tests: networks as tables of paths, scaled up by scatter-add.

A level is (name of the layer whose map is averaged, paths from the level before to it); a path is a list of steps
(kernel, stride, padding) in the network's order, padding being "same", or zeros on each side. Transposition is linear,
so a branch that forks is two paths.
"""

import keras
import numpy as np


def reference(model, levels, pixels):
    """Maps of a model, float64."""
    names = [layer.name for layer in model.layers if isinstance(layer, keras.layers.Activation)]
    names = [names[name] if isinstance(name, int) else name for name, _ in levels]
    rectified = keras.Model(model.input, [model.get_layer(name).output for name in names])(pixels, training=False)
    maps = [np.maximum(keras.ops.convert_to_numpy(each), 0).mean(axis=-1, dtype="float64") for each in rectified]
    sizes = [pixels.shape[1:3]] + [each.shape[1:] for each in maps]
    current = np.ones_like(maps[-1])
    for own, size, (_, paths) in reversed(list(zip(maps, sizes, levels, strict=False))):
        current = current * own / own.max(axis=(1, 2), keepdims=True)
        current = current / current.max(axis=(1, 2), keepdims=True)
        current = sum(undone(current, path, size) for path in paths)
    return current / current.max(axis=(1, 2), keepdims=True)


def undone(maps, path, size):
    entering = [size]
    for kernel, stride, padding in path:
        entering.append(tuple(outputs(n, k, stride, padding) for n, k in zip(entering[-1], pair(kernel), strict=True)))
    assert entering[-1] == maps.shape[1:]
    for before, (kernel, stride, padding) in reversed(list(zip(entering, path, strict=False))):
        maps = scatter_add(maps, before, pair(kernel), stride, padding)
    return maps


def scatter_add(maps, size, kernel, stride, padding):
    """Every output adds its value to each pixel under its kernel."""
    heights, widths = maps.shape[1:]
    margins = [first(n, k, stride, padding) for n, k in zip(size, kernel, strict=True)]
    canvas = np.zeros((len(maps), *(n + 2 * k + stride + m for n, k, m in zip(size, kernel, margins, strict=True))))
    for i in range(max(kernel[0], stride)):
        for j in range(max(kernel[1], stride)):
            canvas[:, i : i + heights * stride : stride, j : j + widths * stride : stride] += maps
    return canvas[:, margins[0] : margins[0] + size[0], margins[1] : margins[1] + size[1]]


def outputs(size, kernel, stride, padding):
    return -(-size // stride) if padding == "same" else (size + 2 * padding - kernel) // stride + 1


def first(size, kernel, stride, padding):
    """Zeros before the first pixel; the documentation of tf.nn.convolution gives those of "same"."""
    if padding != "same":
        return padding
    return max(kernel - (stride if size % stride == 0 else size % stride), 0) // 2


def pair(kernel):
    return kernel if isinstance(kernel, tuple) else (kernel, kernel)


ONE, THREE = (1, 1, 0), (3, 1, "same")
POOL_SAME, POOL_HALF = (3, 1, "same"), (3, 2, 0)


def vgg19(numerics):
    levels = []
    for block, depth in enumerate((2, 2, 4, 4, 4), 1):
        for conv in range(1, depth + 1):
            pool = [(2, 2, 0)] if block > 1 and conv == 1 else []
            levels.append((f"block{block}_conv{conv}", [[*pool, THREE]]))
    return levels


def resnet50(numerics):
    conv1_padding, pool1_padding = {"2.1.2": ("same", 0), "2.1.6": (3, 0), "2.2.2": (3, 0)}.get(numerics, (3, 1))
    today = numerics == "keras3"
    levels = [("conv1_relu" if today else 0, [[(7, 2, conv1_padding)]])]
    entry, number = [(3, 2, pool1_padding)], 0
    for stage, blocks in enumerate((3, 4, 6, 3), 2):
        for block in range(1, blocks + 1):
            number += 3
            half = (1, 2, 0) if stage > 2 and block == 1 else ONE
            shortcut = [half] if block == 1 else []
            name = f"conv{stage}_block{block}_out" if today else number
            levels.append((name, [[*entry, half, THREE, ONE], [*entry, *shortcut]]))
            entry = []
    return levels


def xception(numerics):
    levels = [("block1_conv1_act", [[(3, 2, 0)]]), ("block1_conv2_act", [[(3, 1, 0)]])]
    for block in range(2, 13):  # the map is that of the ReLU that begins the next block
        halved = [[THREE, THREE, (3, 2, "same")], [(1, 2, "same")]]
        levels.append((f"block{block + 1}_sepconv1_act", halved if block < 5 else [[THREE, THREE, THREE], []]))
    paths = [[THREE, THREE, (3, 2, "same"), THREE], [(1, 2, "same"), THREE]]  # block 13, whose sum no ReLU follows
    return [*levels, ("block14_sepconv1_act", paths), ("block14_sepconv2_act", [[THREE]])]


def inception_v3(numerics):
    row, column = ((1, 7), 1, "same"), ((7, 1), 1, "same")
    short_row, short_column = ((1, 3), 1, "same"), ((3, 1), 1, "same")
    fives = [[ONE], [ONE, (5, 1, "same")], [ONE, THREE, THREE], [POOL_SAME, ONE]]
    sevens = [[ONE], [ONE, row, column], [ONE, column, row, column, row], [POOL_SAME, ONE]]
    ends = [[ONE, *middle, end] for middle in ([], [THREE]) for end in (short_row, short_column)]
    wide = [[ONE], *ends, [POOL_SAME, ONE]]
    modules = [fives, fives, fives, [[POOL_HALF], [ONE, THREE, POOL_HALF], [POOL_HALF]]]
    modules += [sevens] * 4 + [[[ONE, POOL_HALF], [ONE, row, column, POOL_HALF], [POOL_HALF]], wide, wide]
    stem = [[(3, 2, 0)], [(3, 1, 0)], [THREE], [POOL_HALF, ONE], [(3, 1, 0)]]
    modules[0] = [[POOL_HALF, *path] for path in modules[0]]
    return [(number, [path]) for number, path in enumerate(stem)] + [
        (f"mixed{number}", paths) for number, paths in enumerate(modules)
    ]


LEVELS = {each.__name__: each for each in (vgg19, resnet50, xception, inception_v3)}
