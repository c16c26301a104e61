"""TensorFlow's side of the benchmark: makes one measurement and prints the result as one line of JSON."""
import json
import os
import sys
import tempfile
import time

import numpy as np
import tensorflow as tf

TENSORS = 64
VALUES = 16
PREFIX = "model"
# TensorFlow's first large call in a process is two to three times slower than later ones (its memory is new), so the
# large cases count the best of this many calls. Ours is always the first call of its process.
REPEATS = 3


def small_name(i):
    return f"layer-{i}/kernel/.ATTRIBUTES/VARIABLE_VALUE"


def warm_up(count):
    """Saves as many tiny tensors: the first call with so many inputs makes the kernel, which takes seconds."""
    with tempfile.TemporaryDirectory() as directory:
        names = [small_name(i) for i in range(count)]
        save_tensors(directory, names, [tf.fill([1], 0.0)] * count, False)
        restore_names(directory, names)
        tf.train.load_checkpoint(os.path.join(directory, PREFIX)).get_variable_to_shape_map()


def synchronize(directory):
    for name in os.listdir(directory):
        file = os.open(os.path.join(directory, name), os.O_RDWR)
        os.fdatasync(file)
        os.close(file)
    folder = os.open(directory, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def save_tensors(directory, names, tensors, durable):
    names = tf.constant(names)
    slices = tf.constant([""] * len(tensors))
    prefix = tf.constant(os.path.join(directory, PREFIX))
    started = time.perf_counter()
    tf.raw_ops.SaveV2(prefix=prefix, tensor_names=names, shape_and_slices=slices, tensors=tensors)
    if durable:
        synchronize(directory)
    return time.perf_counter() - started


def save(args):
    length = args["bytes"] // 4 // TENSORS
    base = np.random.default_rng(1).random(length, dtype=np.float32)
    # The sum is a tensor in TensorFlow's own aligned memory.
    tensors = [tf.add(base, np.float32(i)) for i in range(TENSORS)]
    names = [small_name(i) for i in range(TENSORS)]
    seconds = []
    for _ in range(REPEATS):
        for name in os.listdir(args["directory"]):
            os.remove(os.path.join(args["directory"], name))
        seconds.append(save_tensors(args["directory"], names, tensors, args["durable"]))
    return {"seconds": min(seconds), "bytes": args["bytes"]}


def save_many(args):
    tensors = [tf.fill([VALUES], float(i)) for i in range(args["count"])]
    names = [small_name(i) for i in range(args["count"])]
    return {"seconds": save_tensors(args["directory"], names, tensors, False)}


def restore_names(directory, names):
    prefix = tf.constant(os.path.join(directory, PREFIX))
    constants = tf.constant(names)
    slices = tf.constant([""] * len(names))
    dtypes = [tf.float32] * len(names)
    started = time.perf_counter()
    tensors = tf.raw_ops.RestoreV2(prefix=prefix, tensor_names=constants, shape_and_slices=slices, dtypes=dtypes)
    return time.perf_counter() - started, tensors


def restore(args):
    names = [small_name(i) for i in range(TENSORS)]
    seconds = []
    for _ in range(REPEATS):
        elapsed, tensors = restore_names(args["directory"], names)
        seconds.append(elapsed)
        total = sum(4 * int(tf.size(tensor)) for tensor in tensors)
        del tensors
    return {"seconds": min(seconds), "bytes": total}


def restore_many(args):
    seconds, tensors = restore_names(args["directory"], [small_name(i) for i in range(args["count"])])
    return {"seconds": seconds, "tensors": len(tensors)}


def open_many(args):
    prefix = os.path.join(args["directory"], PREFIX)
    started = time.perf_counter()
    names = tf.train.load_checkpoint(prefix).get_variable_to_shape_map()
    seconds = time.perf_counter() - started
    assert len(names) == args["count"], len(names)
    return {"seconds": seconds}


RUNS = {
    "save": save,
    "save-many": save_many,
    "restore": restore,
    "restore-many": restore_many,
    "open-many": open_many,
}

if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    warm_up(given.get("count", TENSORS))
    print(json.dumps(RUNS[given["run"]](given)))
