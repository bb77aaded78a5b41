"""TensorBoard's event files: TFRecords of Event protocol buffers, written and read back without TensorFlow's runtime.

TensorFlow's summary operations would take the GPU's memory from another backend, and since 2.21 need the package
tensorboard, which TensorFlow no longer brings. Sources: TensorFlow's event.proto, summary.proto and TFRecord format.
"""

from __future__ import annotations

import itertools
import os
import platform
import struct
import time
from pathlib import Path

_NUMBER = itertools.count()


class EventFiles:
    """Event files in folders below one, each value once; what other processes have written there is kept.

    Arguments:
        root: the folder that TensorBoard is shown.
    """

    def __init__(self, root):
        self.root, self._told, self._writers = Path(root), {}, {}

    def scalar(self, folder, tag, value, step):
        """Write a number, unless that of this tag and step is there.

        Arguments:
            folder: below the root.
            tag: name of the curve.
            value: the number; of 32 bits in the file.
            step: where on the curve.
        """
        self._write(folder, tag, step, simple_value=value)

    def text(self, folder, tag, markdown):
        """Write a text of step 0, unless one of this tag is there.

        Arguments:
            folder, tag: as of `scalar`.
            markdown: what TensorBoard shows as Markdown.
        """
        import tensorflow as tf

        metadata = tf.compat.v1.SummaryMetadata()
        metadata.plugin_data.plugin_name = "text"
        self._write(folder, tag, 0, tensor=tf.make_tensor_proto(markdown.encode()), metadata=metadata)

    def flush(self):
        """Have everything on the disk."""
        for writer in self._writers.values():
            writer.flush()

    def close(self):
        """Have everything on the disk and end the files."""
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def _write(self, folder, tag, step, **content):
        import tensorflow as tf

        if folder not in self._told:
            self._told[folder] = told_in(self.root / folder)
        if (tag, step) in self._told[folder]:
            return
        if folder not in self._writers:
            self._writers[folder] = _begun(self.root / folder)
        value = tf.compat.v1.Summary.Value(tag=tag, **content)
        event = tf.compat.v1.Event(wall_time=time.time(), step=step, summary=tf.compat.v1.Summary(value=[value]))
        self._writers[folder].write(event.SerializeToString())
        self._told[folder].add((tag, step))


def read_events(path):
    """Events of a file, as protocol buffers, up to where it was cut off by the end of its process.

    Arguments:
        path: the file.
    """
    import tensorflow as tf

    content, start = Path(path).read_bytes(), 0
    while start + 12 <= len(content):
        (length,) = struct.unpack_from("<Q", content, start)
        if start + 12 + length + 4 > len(content):
            return
        yield tf.compat.v1.Event.FromString(content[start + 12 : start + 12 + length])
        start += 12 + length + 4


def told_in(folder):
    """What the event files of a folder hold: a set of pairs of tag and step."""
    files = sorted(Path(folder).glob("events.out.tfevents.*"))
    events = (event for path in files for event in read_events(path))
    return {(value.tag, event.step) for event in events for value in event.summary.value}


def _begun(folder):
    """A writer of a new file, with the first record that all have."""
    import tensorflow as tf

    folder.mkdir(parents=True, exist_ok=True)
    name = f"events.out.tfevents.{int(time.time())}.{platform.node()}.{os.getpid()}.{next(_NUMBER)}"
    writer = tf.io.TFRecordWriter(str(folder / name))
    writer.write(tf.compat.v1.Event(wall_time=time.time(), file_version="brain.Event:2").SerializeToString())
    return writer
