"""Real TensorFlow's side of slash-prefix.test.ts: prefixes that end in '/', written by each of its ways and read again.
"""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
import tf_keras  # noqa: E402


def network():
    net = tf_keras.Sequential([tf_keras.layers.Dense(2, input_shape=(3,), name="d")])
    net.set_weights([np.arange(6, dtype=np.float32).reshape(3, 2), np.full(2, 7, np.float32)])
    return net


def saver(prefix):
    with tf.Graph().as_default():
        variable = tf.compat.v1.get_variable("w", initializer=[1.0, 2.0])
        with tf.compat.v1.Session() as session:
            session.run(variable.initializer)
            tf.compat.v1.train.Saver().save(session, prefix, write_meta_graph=False)


def write(root):
    """A directory for each way."""
    at = lambda name: os.path.join(root, name) + "/"  # noqa: E731
    for name in ("saver", "write", "save", "keras", "dot"):
        os.makedirs(at(name))
    os.chdir(root)
    saver("saver/")
    tf.train.Checkpoint(v=tf.Variable([1.0, 2.0])).write(at("write"))
    tf.train.Checkpoint(v=tf.Variable([1.0, 2.0])).save(at("save"))
    network().save_weights(at("keras"))
    tf.train.Checkpoint(v=tf.Variable([1.0, 2.0])).write(at("dot") + ".")


def read(root):
    """What TensorFlow finds of what Node wrote."""
    directory = os.path.join(root, "ours")
    latest = tf.train.latest_checkpoint(directory)
    net = tf_keras.Sequential([tf_keras.layers.Dense(2, input_shape=(3,), name="d")])
    net.load_weights(os.path.join(root, "weights") + "/").assert_consumed()
    variable = tf.Variable([0.0, 0.0])
    tf.train.Checkpoint(v=variable).read(os.path.join(root, "written") + "/").assert_consumed()
    return {
        "latest": latest,
        "names": sorted(tf.train.load_checkpoint(latest).get_variable_to_shape_map()),
        "fromDirectory": sorted(tf.train.load_checkpoint(directory).get_variable_to_shape_map()),
        "weights": [value.flatten().tolist() for value in net.get_weights()],
        "written": variable.numpy().tolist(),
        "saved": tf.train.latest_checkpoint(os.path.join(root, "saved")),
    }


if __name__ == "__main__":
    _, action, root = sys.argv
    answer = {"write": write, "read": read}[action](root)
    print(json.dumps(answer))
