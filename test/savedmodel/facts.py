"""What Python finds in a SavedModel that Node wrote. Reads a JSON job, writes its answer beside it.

Job: {"dir", "again": where Keras saves the model itself, "inputs", "targets", "steps"}
"""
import contextlib
import io
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "layers"))

import numpy as np
import tensorflow as tf
import tf_keras as keras
from tensorflow.core.protobuf import fingerprint_pb2, saved_model_pb2
from tensorflow.python.saved_model.pywrap_saved_model import fingerprinting
from tensorflow.python.tools import saved_model_cli

import cpu_only  # noqa: F401


# For functions.
LISTS = ("root.variables", "root.trainable_variables")


def nodes_of(directory):
    """Each object by its path: its kind and, for a variable, what is known of it. Without functions, and without what
    Python keeps for itself.
    """
    with open(os.path.join(directory, "saved_model.pb"), "rb") as file:
        graph = saved_model_pb2.SavedModel.FromString(file.read()).meta_graphs[0].object_graph_def
    found = {}
    seen = {}
    queue = [(0, "root")]
    while queue:
        number, path = queue.pop(0)
        node = graph.nodes[number]
        kind = node.WhichOneof("kind")
        if kind in ("function", "bare_concrete_function") or path in LISTS:
            continue
        if path.endswith((".keras_api", ".extra", "._random_generator", "object_factories")):
            continue
        if number in seen:
            found[path] = seen[number]
            continue
        seen[number] = path
        if kind == "variable":
            v = node.variable
            found[path] = [v.name, v.dtype, [d.size for d in v.shape.dim], v.trainable]
        else:
            version = node.user_object.version
            found[path] = [node.user_object.identifier, version.producer, version.min_consumer]
        queue.extend((child.node_id, f"{path}.{child.local_name}") for child in node.children)
    return found


def fingerprint_of(directory):
    """What the file says, and what TensorFlow would write, without the number that is drawn."""
    with open(os.path.join(directory, "fingerprint.pb"), "rb") as file:
        both = [file.read(), fingerprinting.CreateFingerprintDef(directory)]
    messages = [fingerprint_pb2.FingerprintDef.FromString(one) for one in both]
    for message in messages:
        message.uuid = str(len(message.uuid) > 30)
    return [str(message) for message in messages]


def shown(show, *arguments):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        show(*arguments)
    return out.getvalue()


def train(model, job):
    x, y = np.array(job["inputs"], "float32"), np.array(job["targets"], "float32")
    for _ in range(job["steps"]):
        model.train_on_batch(x, y)
    return [w.numpy().ravel().tolist() for w in model.trainable_weights + model.non_trainable_weights]


def loaded(directory):
    keras.backend.clear_session()
    return keras.models.load_model(directory)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    directory = job["dir"]
    variables = os.path.join(directory, "variables", "variables")
    answer = {"fingerprint": fingerprint_of(directory), "nodes": nodes_of(directory)}
    answer["read"] = tf.saved_model.experimental.read_fingerprint(directory).singleprint()
    answer["show"] = [
        shown(saved_model_cli._show_tag_sets, directory),
        shown(saved_model_cli._show_signature_def_map_keys, directory, "serve"),
    ]
    plain = tf.saved_model.load(directory)
    answer["plain"] = {
        "signatures": list(plain.signatures),
        "step": int(plain.extra.step.numpy()),
        "more": [float(v.numpy()) for v in plain.extra.more],
        "kernel": getattr(plain, "layer-0").kernel.numpy().ravel().tolist(),
    }
    answer["step"] = int(tf.train.load_variable(variables, "extra/step/.ATTRIBUTES/VARIABLE_VALUE"))
    model = loaded(directory)
    model.save(job["again"], save_format="tf", save_traces=False)
    answer["again"] = nodes_of(job["again"])
    model = loaded(directory)
    model.load_weights(variables).assert_existing_objects_matched()
    answer["resumed"] = [int(model.optimizer.iterations), train(model, job), int(model.optimizer.iterations)]
    model = loaded(directory)
    tf.train.Checkpoint(model).read(variables).assert_existing_objects_matched()
    answer["checkpoint"] = [int(model.optimizer.iterations), train(model, job), int(model.optimizer.iterations)]
    with open(sys.argv[1] + ".answer", "w", encoding="utf-8") as file:
        json.dump(answer, file)


main()
