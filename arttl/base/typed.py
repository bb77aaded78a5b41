"""From a command line's options to the records that the package works with: here options end."""

from __future__ import annotations

from dataclasses import fields


def typed(record, options, **given):
    """A record of those options that have the names of its fields; the others keep the record's defaults.

    Lists become tuples, since records are frozen.

    Arguments:
        record: a dataclass.
        options: an argparse namespace.
        **given: fields in the place of the options'.

    Returns the record.
    """
    names = {field.name for field in fields(record)} & vars(options).keys()
    return record(**{name: _frozen(getattr(options, name)) for name in names} | given)


def _frozen(value):
    return tuple(value) if isinstance(value, list) else value
