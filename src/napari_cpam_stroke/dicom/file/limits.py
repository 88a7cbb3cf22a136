"""Every limit and tolerance of reading, in one place: what lies beyond is refused in words, never guessed."""

from __future__ import annotations

# --- files and folders -----------------------------------------------------------------------------------------------

MAX_FILES = 200_000
"""Files looked at in one scan."""

MAX_FOLDER_DEPTH = 24
"""Folders inside folders that are entered; links are never followed."""

MAX_ARCHIVE_MEMBERS = 50_000
"""Members of one zip archive."""

MAX_ARCHIVE_DIRECTORY_BYTES = 32 * 2**20
"""Size of a zip archive's table of contents, checked before it is parsed."""

MAX_ARCHIVE_BYTES = 16 * 2**30
"""Unpacked size that the table of contents of a zip archive may promise."""

MAX_ARCHIVE_RATIO = 100
"""Unpacked : packed size above which an archive larger than `ARCHIVE_RATIO_FROM_BYTES` is taken for a bomb."""

ARCHIVE_RATIO_FROM_BYTES = 64 * 2**20
"""Archives that unpack to less are not judged by their ratio: a few empty slices pack well."""

# --- headers ---------------------------------------------------------------------------------------------------------

MAX_HEADER_BYTES = 32 * 2**20
"""Bytes of header read or inflated from one file before the pixels (Enhanced CT of 1,000 frames needs about 3 MB)."""

MAX_ELEMENTS = 400_000
"""Data elements walked in one header; Enhanced CT has about 40 per frame."""

MAX_SEQUENCE_DEPTH = 16
"""Sequences inside sequences; functional groups need 5."""

MAX_VALUE_BYTES = 64 * 2**10
"""Length of one value that is looked at."""

HEADER_BLOCK_BYTES = 16 * 2**10
"""Read at once from the start of a file: most headers fit."""

# --- images ----------------------------------------------------------------------------------------------------------

MAX_EDGE = 4096
"""Rows or columns of a CT slice; scanners reach 2048."""

MAX_SLICES = 5_000
"""Slices of one volume."""

MAX_VOLUME_BYTES = 8 * 2**30
"""Size of one int16 volume."""

MIN_PIXEL_SPACING_MM, MAX_PIXEL_SPACING_MM = 0.05, 10.0
"""Pixel spacings outside this are a mistake and not a head."""

MAX_POSITION_MM = 100_000.0
"""Coordinates beyond this are a mistake."""

DECODE_SECONDS = 20.0
"""Time one compressed frame may take before its worker is stopped."""

WORKER_MEMORY_BYTES = 1 * 2**30
"""Address space a decoding worker may add to what it needs to start, and memory it may hold."""

WATCH_SECONDS = 0.05
"""Between two looks at a worker that decodes, from the process that asked it."""

# --- geometry --------------------------------------------------------------------------------------------------------

SAME_PLACE_MM = 0.05
"""Slices closer than this along the normal lie at one position."""

ORIENTATION_TOLERANCE = 1e-3
"""Largest difference of direction cosines within one volume: 0.06 degrees, 0.13 mm at the edge of a head."""

COSINE_TOLERANCE = 1e-2
"""How far direction cosines may be from unit length and from a right angle; more is no orientation."""

SPACING_TOLERANCE = 1e-4
"""Largest relative difference of pixel spacing within one volume."""

GAP_FACTOR = 1.5
"""A step this many times longer than its neighbours is a gap."""

MIN_SLICES = 2
"""Fewer slices are not a volume."""

PADDING_BELOW_HU = -1200
"""A constant value below this fills the corners outside a scanner's field and is no measurement."""

PADDING_RIM_BELOW_HU = -1060
"""Beside padding that went through lossy compression values down to this are its blurred rim; air is about -1000."""

PADDING_TISSUE_FROM_HU = -900
"""A declared padding value above this could be tissue: only where it touches the image border it is padding."""
