"""What TensorFlow's views say of a checkpoint, and what its init_from_checkpoint does; see views.test.ts."""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import tensorflow as tf  # noqa: E402

directory, prefix = sys.argv[1:]
view = tf.train.CheckpointView(prefix)
answer = {"descendants": view.descendants(), "children": {node: view.children(node) for node in view.descendants()}}

v = tf.Variable([0.0, 0.0])
root = tf.train.Checkpoint(z={"b": v}, other=tf.Variable(1.0))
match = view.match(root)
answer["v"] = [node for node, thing in match.items() if thing is v]
answer["unmatched"] = sorted(view.diff(root)[1])

with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    with tf.compat.v1.variable_scope("mine"):
        kernel = tf.compat.v1.get_variable("kernel", [2])
        bias = tf.compat.v1.get_variable("bias", [])
    tf.compat.v1.train.init_from_checkpoint(f"{directory}/named", {"old/scope/": "mine/"})
    session.run(tf.compat.v1.global_variables_initializer())
    answer["initialised"] = [session.run(kernel).tolist(), float(session.run(bias))]

with open(f"{directory}/answer.json", "w", encoding="utf8") as file:
    json.dump(answer, file)
