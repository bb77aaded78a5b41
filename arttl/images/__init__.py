"""Pictures on disk to pixels in one file: every image decoded once, checked, resized and kept as uint8."""

from arttl.images.decoding import BadImage, Decoding, decode_image
from arttl.images.store import ImageStore, files_fingerprint

__all__ = ["BadImage", "Decoding", "ImageStore", "decode_image", "files_fingerprint"]
