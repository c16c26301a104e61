"""Real TensorFlow's side of checkpoint.test.ts: writes each form of tf.train.Checkpoint, and restores what Node wrote.
"""

import json
import os
import sys

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


TYPES = ["int8", "int16", "uint8", "uint16", "uint32", "uint64", "float16", "bfloat16", "float64", "bool", "complex64"]


def steps(value, dtype="int64"):
    return tf.train.Checkpoint(step=tf.Variable(value, dtype=dtype), many=tf.Variable([value] * 20000, dtype=dtype))


def others():
    """What is no variable: an iterator, tables, state that is text, the state of a generator."""
    iterator = iter(tf.data.Dataset.range(5))
    next(iterator)
    table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    table.insert(["a"], [1])
    dense = tf.lookup.experimental.DenseHashTable(tf.int64, tf.int64, -1, empty_key=-1, deleted_key=-2)
    dense.insert([1], [2])
    generator = tf.random.Generator.from_seed(1)
    return {"it": iterator, "table": table, "nested": {"dense": dense}, "state": State("text"), "generator": generator}


def passes(status, assertion):
    status.expect_partial()
    try:
        getattr(status, assertion)()
        return True
    except AssertionError:
        return False


def write_values(directory):
    steps(7).save(os.path.join(directory, "python", "steps"))
    steps(7, "int32").save(os.path.join(directory, "python", "narrow"))
    large = tf.train.Checkpoint(step=tf.Variable(3_000_000_000, dtype="int64"))
    large.write(os.path.join(directory, "python", "large"))
    for dtype in TYPES:
        one = tf.cast(1, dtype)
        tf.train.Checkpoint(v=tf.Variable(one)).write(os.path.join(directory, "python", dtype))
    path = os.path.join(directory, "python", "others")
    tf.train.Checkpoint(step=tf.Variable(2), **others()).write(path)
    old = tf.train.Checkpoint(step=tf.Variable(2)).write(os.path.join(directory, "python", "old"))
    answer = {}
    for name, other in others().items():
        live = {key: value for key, value in others().items() if key != name}
        left_out = tf.train.Checkpoint(step=tf.Variable(0), **live).read(path)
        added = tf.train.Checkpoint(step=tf.Variable(0), **{name: other}).read(old)
        answer[name] = {
            "leftOut": passes(left_out, "assert_consumed"),
            "added": passes(added, "assert_existing_objects_matched"),
        }
    with open(os.path.join(directory, "others.json"), "w", encoding="utf8") as file:
        json.dump(answer, file)


def read_steps(directory):
    found = {}
    for name, dtype in {"steps": "int64", "counter": "int64", "narrow": "int32"}.items():
        checkpoint = steps(0, dtype) if name != "counter" else tf.train.Checkpoint(step=tf.Variable(0, dtype=dtype))
        status = checkpoint.restore(os.path.join(directory, "node", f"{name}-1"))
        status.assert_consumed()
        found[name] = [int(checkpoint.step), *(set(checkpoint.many.numpy().tolist()) if name != "counter" else [])]
    with open(os.path.join(directory, "steps.json"), "w", encoding="utf8") as file:
        json.dump(found, file)


def values(checkpoint):
    reader = tf.train.load_checkpoint(checkpoint.write(os.path.join(sys.argv[1], "python", "scratch")))
    keys = sorted(reader.get_variable_to_shape_map())
    values = [key for key in keys if key != "_CHECKPOINTABLE_OBJECT_GRAPH"]
    return {key: repr(np.asarray(reader.get_tensor(key)).tolist()) for key in values}


def main():
    directory = sys.argv[1]
    if sys.argv[2] == "write":
        write_values(directory)
        model().save(os.path.join(directory, "python", "saved model"), save_format="tf")
        for name, checkpoint in forms(0).items():
            checkpoint.save(os.path.join(directory, "python", name))
            checkpoint.save(os.path.join(directory, "python", name))
    else:
        read_steps(directory)
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
