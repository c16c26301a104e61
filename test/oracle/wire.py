"""The wire between the tests and this process: one JSON value a line, tensors beside it in a file.

A tensor in the JSON is {"$tensor": {dtype, shape, offset, lengths}}: `lengths` of its pieces in the blob file from
`offset` on (one piece, or one an element for strings).
"""
import numpy as np
import tensorflow as tf

import tensors


def decode(value, blob):
    """JSON value -> Python value, with eager tensors in it."""
    if isinstance(value, list):
        return [decode(item, blob) for item in value]
    if not isinstance(value, dict):
        return value
    if "$tensor" not in value:
        return {key: decode(item, blob) for key, item in value.items()}
    spec = value["$tensor"]
    pieces, offset = [], spec["offset"]
    for length in spec["lengths"]:
        pieces.append(blob[offset : offset + length])
        offset += length
    raw = pieces if spec["dtype"] == "string" else b"".join(pieces)
    return tensors.from_bytes(spec["dtype"], spec["shape"], raw)


class Encoder:
    """Python value -> JSON value; collects the bytes of its tensors in `chunks`."""

    def __init__(self):
        self.chunks = []
        self.size = 0

    def encode(self, value):
        if isinstance(value, (list, tuple)):
            return [self.encode(item) for item in value]
        if isinstance(value, dict):
            return {str(key): self.encode(item) for key, item in value.items()}
        if isinstance(value, np.generic) and not isinstance(value, bytes):
            return value.item()
        if isinstance(value, (tf.Tensor, tf.Variable, np.ndarray, bytes)):
            return self._tensor(value)
        return value

    def _tensor(self, value):
        dtype, shape, raw = tensors.to_bytes(value)
        pieces = raw if isinstance(raw, list) else [raw]
        offset = self.size
        self.chunks.extend(pieces)
        self.size += sum(len(piece) for piece in pieces)
        return {"$tensor": {"dtype": dtype, "shape": shape, "offset": offset, "lengths": [len(p) for p in pieces]}}
