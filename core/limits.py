"""Every size and rate that the product enforces, in one place.

Sizes are bytes of UTF-8 unless the name says otherwise; the API description
shows this table. Source: design, section 7.
"""

from typing import Final

BODY_BYTES: Final = 1024 * 1024
JSON_DEPTH: Final = 32
TEXT_BYTES: Final = 256 * 1024
MESSAGE_BYTES: Final = 8 * 1024
LIST_ITEMS: Final = 1_000
BATCH_EVENTS: Final = 500
UPLOAD_BYTES: Final = 20 * 1000 * 1000
IMAGE_PIXELS: Final = 16_000_000
# What a card may hold, once it is out of its picture or archive.
CARD_BYTES: Final = 8 * 1000 * 1000
# Objects, lists and commas of one JSON file, outside its texts: Python needs up to
# 200 bytes for each.
JSON_VALUES: Final = 1_000_000
# What a card may carry besides the fields that are known here: keys of objects and
# items of lists, and their compact JSON. It is kept, compared, merged and shown with
# each draft and version, so it costs far more than reading it. The largest real cards
# have some hundreds of values and some tens of kilobytes.
OPAQUE_VALUES: Final = 20_000
OPAQUE_BYTES: Final = 1024 * 1024
# The reader of YAML is slow: some seconds for this much.
YAML_BYTES: Final = 256 * 1024
PNG_CHUNKS: Final = 20_000
PNG_TEXT_CHUNKS: Final = 100
PNG_CARDS: Final = 10
ARCHIVE_MEMBERS: Final = 512
ARCHIVE_MEMBER_BYTES: Final = 20 * 1000 * 1000
ARCHIVE_BYTES: Final = 60 * 1000 * 1000
# Unpacked bytes for each packed one; below a megabyte any ratio will do.
ARCHIVE_RATIO: Final = 100
LORE_ENTRIES: Final = 10_000
LORE_ENTRY_BYTES: Final = 64 * 1024
TABLE_BYTES: Final = 4 * 1000 * 1000
TABLE_ROWS: Final = 1_000
PAGE_SIZE: Final = 50
PAGE_SIZE_MAX: Final = 200

# Characters, not bytes.
SLUG_LENGTH: Final = 64
NAME_LENGTH: Final = 200
LINE_LENGTH: Final = 2_000
MEMBER_NAME_LENGTH: Final = 400
NOTE_LENGTH: Final = 1_000
INTEGER_DIGITS: Final = 18

# Per key. Batches count a tenth per event.
READS_PER_MINUTE: Final = 3_000
WRITES_PER_MINUTE: Final = 1_200
BURST: Final = 200
