"""Chapter 2's natural sources: CIFAR-10, CIFAR-100, MNIST and Fashion-MNIST, from files or Keras' cache.

Every file is read as untrusted: pickles without running what they ask for, archives without unpacking them, and
nothing beyond the size that the real file has. Importing this package imports no Keras. See docs/sources.md.
"""

from arttl.sources.catalogue import SOURCES
from arttl.sources.load import load_source
from arttl.sources.resize import to_size
from arttl.sources.source import Source, SourceSplit

__all__ = ["SOURCES", "Source", "SourceSplit", "load_source", "to_size"]
