"""Real TensorFlow's side of checkpoint.test.ts: writes each form of tf.train.Checkpoint, and restores what Node wrote."""

import json
import os
import sys

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
import tf_keras  # noqa: E402


class State(tf.train.experimental.PythonState):
    def __init__(self, text=""):
        self.text = text

    def serialize(self):
        return self.text

    def deserialize(self, value):
        self.text = value


def model(name="d", units=2):
    net = tf_keras.Sequential([tf_keras.layers.Dense(units, input_shape=(3,), name=name)])
    net.set_weights([np.arange(3 * units, dtype=np.float32).reshape(3, units), np.full(units, 7, np.float32)])
    return net


def forms(fill):
    """Each form's checkpoint; `fill` is added to every value, so that a restore has something to change."""
    v = tf.Variable(np.float32([1, 2]) + fill, name="vv")
    w = tf.Variable(np.float32(3) + fill)
    net = model()
    net.set_weights([x + fill for x in net.get_weights()])
    module = tf.Module()
    module.b, module.a = w, v
    return {
        "variables": tf.train.Checkpoint(v=v, w=w, again=v),
        "collections": tf.train.Checkpoint(z={"b": v, "a": [w, v]}, lst=[w, {"deep": v}], Upper=w, é=w),
        "model": tf.train.Checkpoint(model=net, v=v),
        "root": tf.train.Checkpoint(net),
        "root and more": tf.train.Checkpoint(net, v=v),
        "state": tf.train.Checkpoint(state=State(f"text é {fill}")),
        "module": tf.train.Checkpoint(module),
    }


def values(checkpoint):
    reader = tf.train.load_checkpoint(checkpoint.write(os.path.join(sys.argv[1], "python", "scratch")))
    keys = sorted(reader.get_variable_to_shape_map())
    return {key: repr(np.asarray(reader.get_tensor(key)).tolist()) for key in keys if key != "_CHECKPOINTABLE_OBJECT_GRAPH"}


def main():
    directory = sys.argv[1]
    if sys.argv[2] == "write":
        model().save(os.path.join(directory, "python", "saved model"), save_format="tf")
        for name, checkpoint in forms(0).items():
            checkpoint.save(os.path.join(directory, "python", name))
            checkpoint.save(os.path.join(directory, "python", name))
    else:
        answer = {}
        for name, checkpoint in forms(100).items():
            status = checkpoint.restore(os.path.join(directory, "node", f"{name}-1"))
            status.assert_consumed()
            answer[name] = {"restored": values(checkpoint), "counter": int(checkpoint.save_counter)}
        for name, checkpoint in forms(0).items():
            checkpoint.save_counter.assign(1)
            answer[name]["expected"] = values(checkpoint)
        with open(os.path.join(directory, "answer.json"), "w", encoding="utf8") as file:
            json.dump(answer, file)


main()
