"""Pictures on disk to pixels in one file: every image decoded once, checked, resized and kept as uint8."""

from arttl.images.decoding import BadImage, Decoding, decode_image
from arttl.images.identity import Files, files_fingerprint, identify_files
from arttl.images.losses import check_reading
from arttl.images.store import ImageStore

__all__ = [
    "BadImage",
    "Decoding",
    "Files",
    "ImageStore",
    "check_reading",
    "decode_image",
    "files_fingerprint",
    "identify_files",
]
