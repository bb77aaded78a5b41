"""The networks of Chapter 2, what of each is pruned, and compiled models that run after run is trained with."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from arttl.base.deviation import recorded
from arttl.base.errors import InputError
from arttl.base.wording import meant
from arttl.models import HEAD, build_classifier, lenet_300_100, parameter_counts, resnet20
from arttl.pruning import MagnitudePruning, draw_weights, weight_shapes
from arttl.runs.costs import Work
from arttl.runs.keeping import Kept
from arttl.training import forget_models, make_deterministic, set_momentum, set_product_precision
from arttl.training.computing import USUAL
from arttl.training.precision import device


@dataclass(frozen=True)
class Network:
    """One network.

    Attributes:
        name: as options and folders have it.
        title: as people write it.
        build: a function of the number of classes, the shape of an image, and a Recipe, that gives a keras.Model.
        natural_size: side of the images of natural sources in pixels, and of the bundled collections; None for the
            source's own size and channels.
        size: side of a collection's images.
        least: the smallest side.
        search: what of it is pruned, as settings of SearchSettings.
        study: the preset of arttl.lottery.presets that it is trained by where nothing else is asked for.
        own_initialisers: whether initial="network" means its layers' own initialisers; else it is as
            build_classifier(weights="none") draws.
        demo: what it is content with where no --data is given, so that a search ends in minutes: "share" of the natural
            source's training images, "batch_size", "learning_rate": at 0.1 BatchNormalization's averages, which have no
            time to follow, are those of a network that no longer is; at 0.01 ResNet-50's answers may be no numbers.
        executed_at_once: training steps that the backend runs in one go: many, where a step takes about as long as
            Python takes to ask for it. It changes no number.
        has_batchnorm: whether it normalises by batches.
    """

    name: str
    title: str
    build: Callable
    natural_size: int | None
    size: int
    least: int
    search: dict = field(default_factory=dict)
    study: str = "thesis"
    own_initialisers: bool = True
    demo: dict = field(default_factory=dict)
    executed_at_once: int = 1
    has_batchnorm: bool = True


def _resnet50(num_classes, shape, recipe):
    settings = {"preprocessing": recipe.preprocessing, "numerics": recipe.numerics}
    return build_classifier("resnet50", num_classes, weights="none", image_size=shape[0], **settings)


def _small(build):
    def built(num_classes, shape, recipe):
        if not recipe.numerics.is_today or recipe.preprocessing != "unit":
            raise InputError(
                'numerics and preprocessing of another time are for network="resnet50"; leave them out for a small one'
            )
        return build(num_classes, shape)

    return built


_ROWS = (
    Network(
        "resnet50",
        "ResNet-50",
        _resnet50,
        32,
        224,
        32,
        own_initialisers=False,
        demo={"share": 0.65, "batch_size": 40, "learning_rate": 0.001},
    ),
    Network("resnet20", "ResNet-20", _small(resnet20), 32, 64, 8, demo={"learning_rate": 0.01}),
    Network(
        "lenet_300_100",
        "LeNet-300-100",
        _small(lenet_300_100),
        None,
        28,
        1,
        {"dense": True, "head": True},
        "frankle-carbin",
        executed_at_once=16,
        has_batchnorm=False,
    ),
)
NETWORKS = {network.name: network for network in _ROWS}


def get_network(name):
    """A row of NETWORKS by its name, in which hyphens and underscores are the same.

    Returns (name, Network). Raises InputError for an unknown name.
    """
    known = name.lower().replace("-", "_")
    if known not in NETWORKS:
        raise InputError(f"there is no network {name!r}; network= takes {', '.join(NETWORKS)}{meant(name, NETWORKS)}")
    return known, NETWORKS[known]


def work_of(spec, data, **more):
    """The Work of a search or a transfer.

    Arguments:
        spec: its SearchSpec or TicketSpec.
        data: the DataSize of what it is trained on.
        **more: attributes of Work besides.
    """
    recipe = spec.recipe
    most = recipe.epochs(math.ceil(data.train / recipe.batch_size))
    return Work(
        chapter=2,
        network=spec.network,
        image_size=spec.size or data.side,
        data=data,
        approach=recipe.approach,
        batch=recipe.batch_size,
        epochs=most if recipe.max_iterations else None,
        most=most,
        **more,
    )


class Trainee:
    """A compiled network, to be trained from other weights and under other masks again and again.

    Compiling ResNet-50's training step takes longer than many a run of a small data set. `start` sets everything that
    a run could have changed, so that a run does not depend on those before it.

    Arguments:
        name: of the network.
        num_classes: units of the head.
        shape: (height, width, channels) of the images.
        recipe: a Recipe.
        executed_at_once: instead of the network's own.
        batchnorm_momentum: of every BatchNormalization, instead of the network's own.

    Attributes:
        model: the keras.Model.
        shapes: dict of "layer/variable" to shape.
    """

    def __init__(self, name, num_classes, shape, recipe, executed_at_once=None, batchnorm_momentum=None):
        network = NETWORKS[name]
        self.network, self.initial = network, recipe.initial
        self.model = network.build(num_classes, shape, recipe)
        if batchnorm_momentum is not None:
            set_momentum(self.model, batchnorm_momentum)
        recipe.compile(self.model, executed_at_once or network.executed_at_once)
        self.shapes = weight_shapes(self.model)

    def draw(self, seed):
        """Fresh random weights of this network: a dict, as arttl.pruning.draw_weights."""
        if self.initial != "network":
            return draw_weights(self.shapes, seed, kernels=self.initial)
        return draw_weights(self.shapes, seed, self.model if self.network.own_initialisers else None)

    def config(self, settings, data, deviations):
        """The content of a run's config.json but for versions.

        Arguments:
            settings: dict of everything that decides the result.
            data: the TrainingData that it is trained on.
            deviations: list of Deviations.
        """
        trainable, frozen = parameter_counts(self.model)
        return {
            "settings": settings,
            "class_names": list(data.class_names),
            "images": data.counts,
            "device": device(),
            "parameters": {"trainable": trainable, "frozen": frozen},
            "reading_losses": list(data.reading_losses),
            **recorded(deviations),
        }

    def start(self, weights, masks=None):
        """Set weights and masks, and start the optimiser anew.

        Arguments:
            weights: dict of every "layer/variable" to array.
            masks: dict of "layer/variable" to boolean array; None trains every weight. Where they leave the head out,
                all of it is trained.

        Returns the MagnitudePruning that holds the masks, to be handed to `fit`.
        """
        which = self.network.search
        if masks is not None and not any(name.startswith(f"{HEAD}/") for name in masks):
            which = which | {"head": False}
        pruning = MagnitudePruning(masks=masks, **which)
        pruning.log_sparsity = False  # the run's settings tell it, and history.csv stays as it was
        pruning.rewind_weights = weights
        pruning.reset(self.model)
        return pruning


_KEPT = Kept(1)


def begun(spec, data, **options):
    """Make randomness follow from a run's seed, and products as precise as it asks for; returns its Trainee.

    Arguments:
        spec: the run, with its network, recipe, computing and seed.
        data: the TrainingData.
        options: as of Trainee.
    """
    make_deterministic(spec.seed)
    set_product_precision(faithful=not spec.recipe.numerics.is_today)
    return kept_trainee(spec.network, data.num_classes, data.shape, spec.recipe, spec.computing, **options)


def kept_trainee(name, num_classes, shape, recipe, computing=USUAL, **options):
    """The Trainee of the run before, where the next run can do with it; else a new one.

    Not to be called while a Computing applies: Keras forgets it with the models of before.

    Arguments:
        name, num_classes, shape, recipe, options: as of Trainee.
        computing: the Computing that it is built for.
    """
    key = json.dumps([name, num_classes, list(shape), recipe.settings(), computing.settings, options])

    def make():
        forget_models()
        with computing.applied():
            return Trainee(name, num_classes, shape, recipe, **options)

    return _KEPT.get(key, make)
