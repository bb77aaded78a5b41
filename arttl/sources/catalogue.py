"""What each source is: its classes, sizes, files and where they come from. Data, no code."""

from __future__ import annotations

from dataclasses import dataclass

KRIZ = "https://www.cs.toronto.edu/~kriz"
KERAS_FILES = "https://storage.googleapis.com/tensorflow/tf-keras-datasets"

CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_FINE = """apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can
castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin
elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man
maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree
plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail
snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor train trout
tulip turtle wardrobe whale willow_tree wolf woman worm
"""
_COARSE = """aquatic_mammals fish flowers food_containers fruit_and_vegetables household_electrical_devices
household_furniture insects large_carnivores large_man-made_outdoor_things large_natural_outdoor_scenes
large_omnivores_and_herbivores medium_mammals non-insect_invertebrates people reptiles small_mammals trees
vehicles_1 vehicles_2
"""
CIFAR100 = tuple(_FINE.split())
CIFAR100_COARSE = tuple(_COARSE.split())
DIGITS = tuple("0123456789")
FASHION = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


@dataclass(frozen=True)
class Download:
    """One call of `keras.utils.get_file`, with the arguments that keras.datasets uses, so that both share a cache.

    Arguments:
        name: the file's or folder's name in the cache.
        url: where it comes from.
        sha256: of the file at `url`, as keras.datasets states it; None where it states none.
        extract: whether Keras unpacks it.
        folder: the folder below Keras' home.
    """

    name: str
    url: str
    sha256: str | None = None
    extract: bool = False
    folder: str = "datasets"


@dataclass(frozen=True)
class Entry:
    """One source.

    Arguments:
        name: as load_source takes it.
        title: as people write it.
        class_names: by label.
        shape: (height, width, channels) of an image.
        counts: images of the official "train" and "test" part; a file may hold fewer, never more.
        files: the official file or files, for messages.
        homepage: where people get them.
        cached: where the versions of Keras keep them, below its `datasets` folder, the newest first.
        downloads: how Keras gets them.
        first_labels: the official first ten labels of each part, which tell MNIST from Fashion-MNIST: both have the
            same file names and sizes.
    """

    name: str
    title: str
    class_names: tuple[str, ...]
    shape: tuple[int, int, int]
    counts: dict[str, int]
    files: str
    homepage: str
    cached: tuple[str, ...]
    downloads: tuple[Download, ...]
    first_labels: dict[str, tuple[int, ...]] | None = None


IDX_FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
IDX_NAMES = ", ".join(f"{name}.gz" for names in IDX_FILES.values() for name in names)

SOURCES = {
    "cifar10": Entry(
        name="cifar10",
        title="CIFAR-10",
        class_names=CIFAR10,
        shape=(32, 32, 3),
        counts={"train": 50_000, "test": 10_000},
        files="cifar-10-python.tar.gz",
        homepage=f"{KRIZ}/cifar.html",
        cached=(
            "cifar-10-batches-py-target/cifar-10-batches-py",
            "cifar-10-batches-py-target_archive",
            "cifar-10-batches-py",
            "cifar-10-batches-py.tar.gz",
        ),
        downloads=(
            Download(
                "cifar-10-batches-py-target",
                f"{KRIZ}/cifar-10-python.tar.gz",
                "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
                extract=True,
            ),
        ),
    ),
    "cifar100": Entry(
        name="cifar100",
        title="CIFAR-100",
        class_names=CIFAR100,
        shape=(32, 32, 3),
        counts={"train": 50_000, "test": 10_000},
        files="cifar-100-python.tar.gz",
        homepage=f"{KRIZ}/cifar.html",
        cached=(
            "cifar-100-python-target/cifar-100-python",
            "cifar-100-python-target_archive",
            "cifar-100-python",
            "cifar-100-python.tar.gz",
        ),
        downloads=(
            Download(
                "cifar-100-python-target",
                f"{KRIZ}/cifar-100-python.tar.gz",
                "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
                extract=True,
            ),
        ),
    ),
    "mnist": Entry(
        name="mnist",
        title="MNIST",
        class_names=DIGITS,
        shape=(28, 28, 1),
        counts={"train": 60_000, "test": 10_000},
        files="mnist.npz",
        homepage=f"{KERAS_FILES}/mnist.npz",
        cached=("mnist.npz",),
        downloads=(
            Download(
                "mnist.npz",
                f"{KERAS_FILES}/mnist.npz",
                "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
            ),
        ),
        first_labels={"train": (5, 0, 4, 1, 9, 2, 1, 3, 1, 4), "test": (7, 2, 1, 0, 4, 1, 4, 9, 5, 9)},
    ),
    "fashion_mnist": Entry(
        name="fashion_mnist",
        title="Fashion-MNIST",
        class_names=FASHION,
        shape=(28, 28, 1),
        counts={"train": 60_000, "test": 10_000},
        files=IDX_NAMES,
        homepage="https://github.com/zalandoresearch/fashion-mnist",
        cached=("fashion-mnist",),
        downloads=tuple(
            Download(f"{name}.gz", f"{KERAS_FILES}/{name}.gz", folder="datasets/fashion-mnist")
            for names in IDX_FILES.values()
            for name in names
        ),
        first_labels={"train": (9, 0, 0, 3, 0, 2, 7, 2, 5, 5), "test": (9, 2, 1, 1, 6, 1, 4, 6, 5, 7)},
    ),
}
