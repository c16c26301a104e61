"""Cells that each character takes, by Python's Unicode: runs of [first, width], for the characters that it knows and
that are to be seen.
"""

import json
import sys
import unicodedata

HIDDEN = ("Cn", "Cs", "Co", "Cc", "Cf", "Zl", "Zp", "Zs")


def width(code):
    """As wcwidth(3)."""
    character = chr(code)
    category = unicodedata.category(character)
    if category in HIDDEN:
        return None
    if category in ("Mn", "Me") or 0x1160 <= code <= 0x11FF or 0xD7B0 <= code <= 0xD7FF:
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


json.dump([width(code) for code in range(0x110000)], sys.stdout)
