"""Tensors as raw little-endian bytes, and back: how the oracle and the fixture script see TensorFlow's values.

Bits are kept as they are in checkpoint files: 4-bit integers one byte an element with a zero high nibble, complex
numbers interleaved, strings one bytes object an element in row-major order.
"""
import numpy as np
import tensorflow as tf

# Quantized types have no plain NumPy type: they travel as the integer they are stored as.
_QUANTIZED = {"qint8": tf.int8, "quint8": tf.uint8, "qint16": tf.int16, "quint16": tf.uint16, "qint32": tf.int32}
# Their bits in a byte; NumPy extends the sign.
_NARROW = {"int4": 0x0F, "uint4": 0x0F, "int2": 0x03, "uint2": 0x03, "float4_e2m1fn": 0x0F}


def from_bytes(dtype, shape, raw):
    """The tensor whose stored bytes are `raw` (for strings: a list of bytes objects)."""
    shape = tuple(shape)
    if dtype == "string":
        array = np.empty(len(raw), dtype=object)
        array[:] = list(raw)
        return tf.constant(array.reshape(shape), dtype=tf.string)
    if dtype in _QUANTIZED:
        integer = _QUANTIZED[dtype]
        plain = tf.constant(np.frombuffer(raw, integer.as_numpy_dtype).reshape(shape), dtype=integer)
        return tf.bitcast(plain, tf.as_dtype(dtype))
    kind = tf.as_dtype(dtype)
    return tf.constant(np.frombuffer(raw, kind.as_numpy_dtype).reshape(shape), dtype=kind)


def to_bytes(tensor):
    """(dtype name, shape, bytes or list of bytes) of an eager tensor or variable; variants have no bytes."""
    tensor = tf.convert_to_tensor(tensor)
    name, shape = tensor.dtype.name, [int(n) for n in tensor.shape]
    if name == "variant":
        return name, shape, b""
    if name == "string":
        return name, shape, [bytes(element) for element in np.asarray(tensor.numpy(), dtype=object).reshape(-1)]
    if name in _QUANTIZED:
        return name, shape, tf.bitcast(tensor, _QUANTIZED[name]).numpy().tobytes()
    array = np.ascontiguousarray(tensor.numpy())
    if name in _NARROW:
        return name, shape, (array.reshape(-1).view(np.uint8) & _NARROW[name]).tobytes()
    return name, shape, array.tobytes()
