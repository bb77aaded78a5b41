"""Settings of the whole process that Keras reads from keras.json: what the studies need, pinned, checked, recorded.

With channels_first every network here would take an image's rows for its channels, and train.
"""

from __future__ import annotations

from contextlib import contextmanager

from arttl.base.errors import InputError

NEEDED = {"image_data_format": "channels_last", "floatx": "float32", "epsilon": 1e-7}
"""Names in keras.json to values: Keras' own defaults."""

_BUILT_INTO_MODELS = ("image_data_format", "floatx")


def current_settings():
    """What holds in this process: a dict with the names of NEEDED."""
    import keras  # here and not above: --help must not cost the time Keras takes

    return {name: getattr(keras.config, name)() for name in NEEDED}


def pin_settings():
    """Set what the studies need, whatever keras.json says: for a process that does nothing else."""
    _apply(NEEDED)


@contextmanager
def settings_pinned():
    """Within this block the settings are those that the studies need; after it, what they were before."""
    before = current_settings()
    _apply(NEEDED)
    try:
        yield
    finally:
        _apply(before)


def check_settings():
    """Raise InputError where a network would be built under others than the studies need."""
    found = current_settings()
    for name in _BUILT_INTO_MODELS:
        if found[name] != NEEDED[name]:
            raise InputError(
                f"Keras' {name} is {found[name]!r}, and arttl's networks are built for {NEEDED[name]!r}; change it in "
                f"keras.json, or call keras.config.set_{name}({NEEDED[name]!r})"
            )


def _apply(settings):
    import keras

    for name, value in settings.items():
        if getattr(keras.config, name)() != value:
            getattr(keras.config, f"set_{name}")(value)
