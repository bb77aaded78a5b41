"""Train a ResNet50 on photographs, CIFAR-10's, with ImageNet's Xception as its teacher, pruning it on the way.

    python ../shared/tools/get_xception.py xception
    python tools/train_photograph_weights.py cifar-10-jpeg.zip --teacher xception/xception.keras --output trained.npz
    python tools/pack_bundled_weights.py trained.npz --output resnet50-photographs.h5 --note "ResNet50, on CIFAR-10"

The network learns the ten labels and, by a linear layer, the teacher's features of each picture (Romero et al., 2015,
with the last layer as the hint): two thousand numbers a picture in place of one of ten. A batch holds random crops of
the pictures enlarged, or four whole pictures side by side, which have the edges that enlarging takes away; what a
picture of four is to give is the mean of what each is. Resolution grows from phase to phase. Global magnitude pruning
follows a cubic schedule through the middle third; the stem stays whole. It is written in PyTorch, whose autocast to
bfloat16 (--half) takes 0.29 s for 32 pictures of 64 pixels where float32 takes 0.48, and TensorFlow 0.44; the weights
are those of ResNet50 in keras.applications. Run again, it goes on from its last epoch.
"""

from __future__ import annotations

import argparse
import io
import math
import time
import zipfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

from arttl.pruning import PolynomialDecay

PHASES = ((48, 6), (64, 4))  # pixels, epochs
BLOCKS = {2: (3, 64), 3: (4, 128), 4: (6, 256), 5: (3, 512)}
EPSILON = 1.001e-5  # of keras.applications
FEATURES, CLASSES = 2048, 10
MOSAICS = 0.3  # share of the batches that hold four pictures in one
RATE, DECAY, BATCH = 0.1, 1e-4, 128
HINT = 4.0  # weight of the teacher's features beside the labels'


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("archive", type=Path, help="train/CLASS/*.jpg in a zip")
    parser.add_argument("--teacher", type=Path, required=True, help="ImageNet's Xception for Keras")
    parser.add_argument("--teacher-size", type=int, default=96, help="pixels at which it sees the pictures")
    parser.add_argument("--output", type=Path, required=True, help="the weights, .npz")
    parser.add_argument("--sparsity", type=float, default=0.75)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--half", action="store_true", help="bfloat16 products")
    options = parser.parse_args()
    pixels, labels = read_pictures(options.archive)
    hints = teach(pixels, options)
    torch.manual_seed(options.seed)
    Training(pixels, labels, hints, options).run()


def read_pictures(archive):
    """The training pictures and their labels: uint8 of shape (n, 3, 32, 32), int64 of shape (n,)."""
    with zipfile.ZipFile(archive) as file:
        names = sorted(name for name in file.namelist() if name.startswith("train/") and name.endswith(".jpg"))
        pixels = np.stack([np.asarray(Image.open(io.BytesIO(file.read(name))).convert("RGB")) for name in names])
    _, labels = np.unique([name.split("/")[1] for name in names], return_inverse=True)
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous(), torch.from_numpy(labels)


def teach(pixels, options):
    """The teacher's features of every picture, each number of mean 0 and deviation 1: float16 of shape (n, 2048)."""
    kept = options.output.with_name(f"{options.output.stem}-teacher-{options.teacher_size}.npy")
    if not kept.exists():
        import keras

        features = keras.applications.Xception(weights=None, include_top=False, pooling="avg")  # of any size
        features.set_weights(keras.saving.load_model(options.teacher).get_weights())
        found = []
        for part in pixels.split(64):
            enlarged = functional.interpolate(part.float(), size=options.teacher_size, mode="bilinear")
            found.append(features.predict_on_batch(enlarged.permute(0, 2, 3, 1).numpy() / 127.5 - 1))
        np.save(kept, np.concatenate(found).astype("float16"))
    hints = np.load(kept).astype("float32")
    hints = (hints - hints.mean(axis=0)) / (hints.std(axis=0) + 1e-3)
    return torch.from_numpy(hints.clip(-4, 4).astype("float16"))


class Block(nn.Module):
    """A residual block of keras.applications' ResNet50: the stride is the first convolution's."""

    def __init__(self, inside, filters, stride, widens):
        super().__init__()
        self.shortcut = Unit(inside, 4 * filters, 1, stride) if widens else nn.Identity()
        self.units = nn.Sequential(
            Unit(inside, filters, 1, stride),
            nn.ReLU(),
            Unit(filters, filters, 3),
            nn.ReLU(),
            Unit(filters, 4 * filters, 1),
        )

    def forward(self, x):
        return functional.relu(self.units(x) + self.shortcut(x))


class Unit(nn.Module):
    """A convolution and its BatchNormalization; Keras' convolution has a bias, which that takes away again."""

    def __init__(self, inside, outside, side, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(inside, outside, side, stride, padding=side // 2, bias=False)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out")
        self.bn = nn.BatchNorm2d(outside, eps=EPSILON)

    def forward(self, x):
        return self.bn(self.conv(x))


class Network(nn.Module):
    """ResNet50 as keras.applications has it, with a head for the labels and one for the teacher's features."""

    def __init__(self):
        super().__init__()
        self.stem, inside, self.blocks = Unit(3, 64, 7, 2), 64, nn.ModuleDict()
        for stage, (count, filters) in BLOCKS.items():
            for number in range(1, count + 1):
                stride = 2 if number == 1 and stage > 2 else 1
                self.blocks[f"conv{stage}_block{number}"] = Block(inside, filters, stride, number == 1)
                inside = 4 * filters
        self.labels, self.hints = nn.Linear(inside, CLASSES), nn.Linear(inside, FEATURES)

    def forward(self, x):
        x = functional.max_pool2d(functional.pad(functional.relu(self.stem(x)), (1, 1, 1, 1)), 3, 2)
        for block in self.blocks.values():
            x = block(x)
        x = x.mean(dim=(2, 3)).float()
        return self.labels(x), self.hints(x)

    def units(self):
        """A dict of keras.applications' name, such as "conv2_block1_0", to Unit."""
        found = {"conv1": self.stem}
        for name, block in self.blocks.items():
            inner = [unit for unit in block.units if isinstance(unit, Unit)]
            numbered = enumerate([block.shortcut, *inner])
            found |= {f"{name}_{number}": unit for number, unit in numbered if isinstance(unit, Unit)}
        return found

    def arrays(self):
        """The backbone's variables by Keras' paths."""
        found = {}
        for name, unit in self.units().items():
            found[f"{name}_conv/kernel"] = unit.conv.weight.detach().permute(2, 3, 1, 0).contiguous().numpy()
            found[f"{name}_conv/bias"] = np.zeros(unit.conv.out_channels, "float32")
            parts = ("gamma", unit.bn.weight), ("beta", unit.bn.bias)
            parts += ("moving_mean", unit.bn.running_mean), ("moving_variance", unit.bn.running_var)
            found |= {f"{name}_bn/{part}": value.detach().numpy().copy() for part, value in parts}
        return found


class Training:
    """The training of a Network; `run` does everything.

    Arguments:
        pixels, labels, hints: as above.
        options: the command line's.
    """

    def __init__(self, pixels, labels, hints, options):
        self.pixels, self.labels, self.hints, self.options = pixels, labels, hints, options
        self.network = Network().to(memory_format=torch.channels_last)
        self.kernels = [unit.conv.weight for name, unit in self.network.units().items() if name != "conv1"]
        self.masks = None
        self.optimizer = torch.optim.SGD(self.network.parameters(), RATE, 0.9, nesterov=True, weight_decay=DECAY)
        self.sizes = [size for size, epochs in PHASES for _ in range(epochs)]
        self.steps, self.done = len(pixels) // BATCH, 0
        self.all_steps = self.steps * len(self.sizes)
        third = self.all_steps // 3
        several = {"begin_step": third, "end_step": 2 * third, "frequency": max(1, self.steps // 4)}
        self.sparsity = PolynomialDecay(final_sparsity=options.sparsity, **several)
        self.kept = options.output.with_suffix(".pt")

    def run(self):
        """Train from where it is, and write the weights."""
        if self.kept.exists():
            self.restore()
        for epoch in range(self.done, len(self.sizes)):
            self.train(epoch)
            self.done = epoch + 1
            self.keep()
        np.savez(self.options.output, **self.network.arrays())

    def train(self, epoch):
        """An epoch; prints how it went."""
        generator, size = torch.Generator().manual_seed(1000 * self.options.seed + epoch), self.sizes[epoch]
        order, begun, right, seen, lost = torch.randperm(len(self.pixels), generator=generator), time.time(), 0, 0, 0.0
        self.network.train()
        for step in range(self.steps):
            self.schedule(epoch * self.steps + step)
            rows = order[step * BATCH : (step + 1) * BATCH]
            images, labels, hints = self.batch(rows, size, generator)
            with torch.autocast("cpu", torch.bfloat16, enabled=self.options.half):
                scores, features = self.network(images)
            hint = functional.mse_loss(features, hints)
            loss = functional.cross_entropy(scores, labels, label_smoothing=0.1) + HINT * hint
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.hold()
            if images.shape[0] == BATCH:
                right, seen = right + (scores.argmax(1) == labels.argmax(1)).sum().item(), seen + BATCH
            lost += hint.item()
        zeros = sum((kernel == 0).sum().item() for kernel in self.kernels) / sum(map(torch.numel, self.kernels))
        print(
            f"epoch {epoch + 1} at {size} pixels: accuracy {right / max(1, seen):.4f}, hint {lost / self.steps:.4f}, "
            f"zeros {zeros:.4f}, {time.time() - begun:.0f} s",
            flush=True,
        )

    def batch(self, rows, size, generator):
        """Images in [0, 1] of shape (n, 3, size, size), labels (n, 10) and hints (n, 2048)."""

        def drawn(*shape):
            return torch.rand(shape, generator=generator)

        images, hints = self.pixels[rows].float() / 255, self.hints[rows].float()
        labels = functional.one_hot(self.labels[rows], CLASSES).float()
        if drawn(1) < MOSAICS:
            count = len(rows) // 4
            images = images.reshape(2, 2, count, 3, 32, 32).permute(2, 3, 0, 4, 1, 5).reshape(count, 3, 64, 64)
            if size != 64:
                images = functional.interpolate(images, size=size, mode="bilinear", antialias=True)
            labels, hints = (each.reshape(4, count, -1).mean(dim=0) for each in (labels, hints))
        else:
            scale = (0.3 + 0.7 * drawn(len(rows))).sqrt()  # of a crop's sides
            ratio = (0.5 * (drawn(len(rows)) - 0.5)).exp().sqrt()
            sides = torch.stack([(scale * ratio).clamp(max=1), (scale / ratio).clamp(max=1)], dim=1)
            centre = (2 * drawn(len(rows), 2) - 1) * (1 - sides)
            grid = functional.affine_grid(
                torch.cat([torch.diag_embed(sides), centre[..., None]], dim=2), (len(rows), 3, size, size), False
            )
            images = functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
        mirrored = drawn(len(images)) < 0.5
        images[mirrored] = images[mirrored].flip(3)
        grey = drawn(len(images)) < 0.15
        images[grey] = images[grey].mean(dim=1, keepdim=True)
        factor, shift = 0.7 + 0.5 * drawn(len(images), 3, 1, 1), 0.3 * drawn(len(images), 1, 1, 1) - 0.1
        images = (images * factor + shift).clamp(0, 1)
        return images.contiguous(memory_format=torch.channels_last), labels, hints

    def schedule(self, step):
        """Set the learning rate, and prune where that is due; so many steps are done."""
        share = step / self.all_steps
        rate = RATE * (share / 0.2 if share < 0.2 else 0.5 * (1 + math.cos(math.pi * (share - 0.2) / 0.8)))
        for group in self.optimizer.param_groups:
            group["lr"] = max(rate, 1e-4)
        if self.sparsity.at(step) > self.sparsity.at(step - 1):
            sizes = torch.cat([kernel.detach().abs().flatten() for kernel in self.kernels])
            least = sizes.kthvalue(int(self.sparsity.at(step) * len(sizes))).values
            self.masks = [kernel.detach().abs() > least for kernel in self.kernels]
            self.hold()

    def hold(self):
        """Keep pruned weights at zero."""
        if self.masks is not None:
            with torch.no_grad():
                for kernel, mask in zip(self.kernels, self.masks, strict=True):
                    kernel.mul_(mask)

    def keep(self):
        """Write what an interrupted training goes on from."""
        state = {"network": self.network.state_dict(), "optimizer": self.optimizer.state_dict(), "masks": self.masks}
        partial = self.kept.with_suffix(".partial")
        torch.save(state | {"done": self.done}, partial)
        partial.replace(self.kept)

    def restore(self):
        """Go on from it."""
        state = torch.load(self.kept, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.masks, self.done = state["masks"], state["done"]


if __name__ == "__main__":
    main()
