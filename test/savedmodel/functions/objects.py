"""Runs the functions of SavedModels that objects.test.ts wrote, in the ways in which Python runs them."""

import json
import os
import sys

import numpy as np
import tensorflow as tf
import tf_keras
from tensorflow.core.protobuf import fingerprint_pb2
from tensorflow.python.saved_model.pywrap_saved_model import fingerprinting


def plain(value):
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    value = value.numpy() if hasattr(value, "numpy") else value
    if isinstance(value, bytes):
        return value.decode()
    return plain(value.tolist()) if isinstance(value, (np.ndarray, np.generic)) else value


def fingerprints(directory):
    """What the file says, and what TensorFlow would write."""
    with open(os.path.join(directory, "fingerprint.pb"), "rb") as file:
        both = [file.read(), fingerprinting.CreateFingerprintDef(directory)]
    messages = [fingerprint_pb2.FingerprintDef.FromString(one) for one in both]
    for message in messages:
        message.uuid = ""
    return [str(message) for message in messages]


def names(variables):
    return [variable.name for variable in variables]


def module(directory):
    loaded = tf.saved_model.load(directory)
    x = tf.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [0.5, 0.0, 0.0]])
    answer = {
        "variables": names(loaded.variables),
        "trainable": names(loaded.trainable_variables),
        "signatures": {
            name: [sorted(one.structured_input_signature[1]), sorted(one.structured_outputs)]
            for name, one in loaded.signatures.items()
        },
        "affine": plain(loaded.affine(x)),
        "named": plain(loaded.affine(x=x)),
        "both": plain(loaded.both(x, scale=2.0)),
        "list": plain(loaded.inner.list([1, 199, 0])),
        "texts": plain(loaded.texts(["a", "b", "c"])),
        "many": len(loaded.many(x)),
        "count": [plain(loaded.count(2.0)), plain(loaded.count(3.0)), plain(loaded.n)],
        "step": plain(loaded.step),
        "served": plain(loaded.signatures["both"](x=x, scale=tf.constant(2.0))),
        "of many": plain(loaded.signatures["many"](x=x)["output_10"]),
    }
    try:
        loaded.affine(tf.zeros([2, 4]))
    except (TypeError, ValueError):
        answer["refused"] = True
    with tf.GradientTape(persistent=True) as tape:
        loss = tf.reduce_sum(loaded.affine(x) ** 2)
    answer["gradient"] = plain(tape.gradient(loss, loaded.w))
    loaded.trainable_variables[0].assign_sub(0.001 * tape.gradient(loss, loaded.w))
    answer["trained"] = bool(tf.reduce_sum(loaded.affine(x) ** 2) < loss)
    again = directory + ".again"
    tf.saved_model.save(loaded, again, signatures={"served": loaded.signatures["both"], "list": loaded.inner.list})
    second = tf.saved_model.load(again)
    answer["again"] = [plain(second.count(1.0)), plain(second.inner.list([2])), sorted(second.signatures)]
    answer["same"] = bool(tf.reduce_all(second.affine(x) == loaded.affine(x)))
    return answer


def checkpoint(directory):
    root = tf.Module()
    root.w, root.step = tf.Variable(tf.zeros([3, 2])), tf.Variable(0, dtype=tf.int64)
    prefix = os.path.join(directory, "variables", "variables")
    tf.train.Checkpoint(root).read(prefix).assert_existing_objects_matched()
    loaded = tf.saved_model.load(directory)
    loaded.w.assign_add(tf.ones([3, 2]))
    tf.train.Checkpoint(loaded).read(prefix).assert_existing_objects_matched()
    return [plain(root.w), plain(root.step), plain(loaded.w), [name for name, _ in tf.train.list_variables(prefix)]]


def session(directory, feeds):
    with tf.Graph().as_default(), tf.compat.v1.Session() as running:
        signature = tf.compat.v1.saved_model.load(running, ["serve"], directory).signature_def["serving_default"]
        given = {signature.inputs[name].name: value for name, value in feeds.items()}
        return plain({name: running.run(one.name, given) for name, one in signature.outputs.items()})


def alone(directory):
    loaded = tf.saved_model.load(directory)
    return [plain(loaded.square([1.0, 2.0, 3.0])), list(loaded.variables), sorted(loaded.signatures)]


def model(directory):
    x = tf.constant([[1.0, 2.0, 3.0]])
    loaded = tf.saved_model.load(directory)
    keras = tf_keras.models.load_model(directory)
    return {
        "served": plain(loaded.signatures["serving_default"](x=x)["output_0"]),
        "half": plain(loaded.signatures["half"](x=x)["half"]),
        "extra": plain(loaded.extra.twice(x)),
        "keras": keras.predict(x.numpy(), verbose=0).tolist(),
        "weights": len(keras.weights),
    }


def mixed(directory):
    loaded = tf.saved_model.load(directory)
    x = tf.constant([[1.0, 2.0, 3.0]])
    named = getattr(loaded, "my fn é")(x)["half"]
    return [plain(loaded.predict(x)), names(loaded.variables), names(loaded.trainable_variables), plain(named)]


def main():
    job = json.load(sys.stdin)
    answer = {
        "module": module(job["module"]),
        "checkpoint": checkpoint(job["module"]),
        "session": session(job["module"], {"x": np.ones([5, 3], "float32")}),
        "alone": alone(job["alone"]),
        "aloneInSession": session(job["alone"], {"v": np.float32([3.0])}),
        "model": model(job["model"]),
        "mixed": mixed(job["mixed"]),
        "fingerprints": [fingerprints(one) for one in job.values()],
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
