"""What TensorFlow's small number types mean, bit pattern by bit pattern."""
import numpy as np
import tensorflow as tf


def run(args):
    """{types: [{dtype, patterns}]} -> [{number, value}]: the type's number in types.proto, its patterns 0, 1, … as
    float64
    """
    answers = []
    for item in args["types"]:
        dtype = tf.as_dtype(item["dtype"])
        bits = np.arange(item["patterns"], dtype=np.uint32)
        bits = bits.astype(np.uint16 if item["patterns"] > 256 else np.uint8)
        values = bits.view(dtype.as_numpy_dtype).astype(np.float64)
        answers.append({"number": dtype.as_datatype_enum, "value": tf.constant(values)})
    return answers
