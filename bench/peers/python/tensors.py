"""The tensors of a request, which are the same for every peer."""
import math

import numpy as np

from measured import Unavailable

PIECE = 1 << 20


def shapes(layout):
    if "shapes" in layout:
        return [tuple(shape) for shape in layout["shapes"]]
    if "count" in layout:
        count = layout["count"]
        return [(layout["bytes"] // count // 4,)] * count
    raise Unavailable("this peer has no tensors of strings")


def total(wanted):
    return 4 * sum(math.prod(shape) for shape in wanted)


def names(count):
    return [f"layer-{i}/kernel/.ATTRIBUTES/VARIABLE_VALUE" for i in range(count)]


def tiny(count):
    return [(1,)] * count


def values(wanted):
    """An array for each shape, in memory of its own, of which every page was touched."""
    base = np.random.default_rng(1).random(PIECE, dtype=np.float32)
    for i, shape in enumerate(wanted):
        array = np.empty(math.prod(shape), dtype=np.float32)
        for at in range(0, array.size, PIECE):
            part = array[at : at + PIECE]
            np.add(base[: part.size], np.float32(i), out=part)
        yield array.reshape(shape)


def touch(arrays):
    """Adds up one value of every 4 KiB."""
    return sum(float(array.reshape(-1)[::1024].sum()) for array in arrays)


def rows(request, wanted):
    """The first and the last row of the part that is to be read, and its bytes."""
    part = request["partial"]
    begin, length = part["begin"], part["length"]
    return begin, begin + length, 4 * length * math.prod(wanted[0][1:])
