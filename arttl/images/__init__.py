"""Pictures on disk to pixels in one file: every image decoded once, checked, resized and kept as uint8."""

from arttl.images.decoding import Decoding, decode_image
from arttl.images.identity import Files, files_fingerprint, identify_files
from arttl.images.losses import check_reading
from arttl.images.once import decode_once
from arttl.images.picture import BadImage
from arttl.images.store import ImageStore, build_stores

__all__ = [
    "BadImage",
    "Decoding",
    "Files",
    "ImageStore",
    "build_stores",
    "check_reading",
    "decode_image",
    "decode_once",
    "files_fingerprint",
    "identify_files",
]
