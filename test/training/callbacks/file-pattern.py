"""For file-pattern.test.ts: JSON list of [pattern, ints, floats] on stdin, what `str.format` makes of each (null: it
raises) on stdout.
"""

import json
import sys


def made(pattern, ints, floats):
    try:
        return pattern.format(**ints, **{name: float(value) for name, value in floats.items()})
    except (KeyError, ValueError, IndexError, AttributeError):
        return None


print(json.dumps([made(*case) for case in json.load(sys.stdin)]))
