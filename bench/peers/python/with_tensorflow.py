"""TensorFlow: SaveV2 and RestoreV2 in one eager call, tf.train.Checkpoint, and the opening of a checkpoint."""
import functools
import os
import tempfile

import numpy as np
import tensorflow as tf

import tensors
from measured import Unavailable, main, measure_loads, measure_saves

PREFIX = "model"


def prefix(directory):
    return tf.constant(os.path.join(directory, PREFIX))


def save_ops(where, names, slices, values):
    tf.raw_ops.SaveV2(prefix=where, tensor_names=names, shape_and_slices=slices, tensors=values)


@functools.cache
def warm_up(count, variant):
    """With as many tiny tensors: the first call with so many inputs makes the kernel, which may take seconds.

    Once in a process is enough: the kernel stays.
    """
    with tempfile.TemporaryDirectory() as directory:
        values = [tf.fill([1], 0.0)] * count
        names = tf.constant(tensors.names(count))
        slices = tf.constant([""] * count)
        save_ops(prefix(directory), names, slices, values)
        tf.raw_ops.RestoreV2(
            prefix=prefix(directory), tensor_names=names, shape_and_slices=slices, dtypes=[tf.float32] * count
        )
        tf.train.load_checkpoint(os.path.join(directory, PREFIX)).get_variable_to_shape_map()
        if variant == "checkpoint":
            checkpoint = tf.train.Checkpoint(values=[tf.Variable(value) for value in values])
            path = checkpoint.write(os.path.join(directory, "checkpoint"))
            checkpoint.read(path).assert_consumed()


def described(request):
    """The tensors' dtype, shapes and bytes, after the warm-up."""
    layout = request["layout"]
    if "strings" in layout:
        dtype, wanted, size = tf.string, [(layout["strings"],)], layout["strings"] * layout["length"]
    else:
        dtype, wanted = tf.float32, tensors.shapes(layout)
        size = tensors.total(wanted)
    if request.get("warm", True):
        warm_up(len(wanted), request.get("variant", "ops"))
    return dtype, wanted, size


def made(request, dtype, wanted):
    """Tensors in TensorFlow's own memory: results of operations."""
    if dtype == tf.string:
        length = request["layout"]["length"]
        data = np.random.default_rng(1).bytes(length * wanted[0][0])
        return [tf.identity(tf.constant([data[i : i + length] for i in range(0, len(data), length)]))]
    zero = tf.constant(0, tf.float32)
    return [tf.add(array, zero) for array in tensors.values(wanted)]


def as_checkpoint(values):
    return tf.train.Checkpoint(values=[tf.Variable(value) for value in values])


def save(request):
    dtype, wanted, size = described(request)
    values = made(request, dtype, wanted)
    directory = request["directory"]
    common = {"total": size, "count": len(wanted), "verifies": True}
    if request.get("variant", "ops") == "checkpoint":
        if dtype == tf.string:
            raise Unavailable("tf.train.Checkpoint is measured with numbers only")
        checkpoint = as_checkpoint(values)
        del values
        path = os.path.join(directory, PREFIX)
        return measure_saves(request, lambda: checkpoint.write(path), how="tf.train.Checkpoint.write", **common)
    names = tf.constant(tensors.names(len(wanted)))
    slices = tf.constant([""] * len(wanted))
    where = prefix(directory)
    return measure_saves(request, lambda: save_ops(where, names, slices, values), how="SaveV2", **common)


def load(request):
    dtype, wanted, size = described(request)
    directory = request["directory"]
    common = {"total": size, "count": len(wanted), "verifies": True}
    if request.get("variant", "ops") == "checkpoint":
        if dtype == tf.string or "partial" in request:
            raise Unavailable("tf.train.Checkpoint is measured with whole tensors of numbers only")
        checkpoint = as_checkpoint(tf.zeros(shape) for shape in wanted)
        path = os.path.join(directory, PREFIX)

        def read():
            checkpoint.read(path).assert_consumed()

        how = "tf.train.Checkpoint.read into existing variables"
        return measure_loads(request, read, how=how, returns=False, **common)
    count = len(wanted)
    slices = [""] * count
    how = "RestoreV2"
    if "partial" in request:
        begin, end, size = tensors.rows(request, wanted)
        count = 1
        dimensions = " ".join(str(length) for length in wanted[0])
        slices = [f"{dimensions} {':'.join([f'{begin},{end - begin}'] + ['-'] * (len(wanted[0]) - 1))}"]
        how = "RestoreV2 of a slice"
        common = {"total": size, "count": 1, "verifies": False}
    names = tf.constant(tensors.names(count))
    slices = tf.constant(slices)
    where = prefix(directory)

    def restore():
        return tf.raw_ops.RestoreV2(prefix=where, tensor_names=names, shape_and_slices=slices, dtypes=[dtype] * count)

    return measure_loads(
        request,
        restore,
        how=how,
        touch=lambda result: tensors.touch(tensor.numpy() for tensor in result),
        **common,
    )


def open_checkpoint(request):
    _, wanted, _ = described(request)
    path = os.path.join(request["directory"], PREFIX)

    def shape_map():
        names = tf.train.load_checkpoint(path).get_variable_to_shape_map()
        if len(names) < len(wanted):
            raise ValueError(f"{path} has {len(names)} tensors, and not {len(wanted)}")

    how = "load_checkpoint and get_variable_to_shape_map"
    return measure_loads(request, shape_map, total=0, count=len(wanted), how=how, verifies=False)


main({"save": save, "load": load, "open": open_checkpoint}, {"tensorflow": tf.__version__, "numpy": np.__version__})
