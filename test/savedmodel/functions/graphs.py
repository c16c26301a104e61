"""Loads SavedModels in every way that Python has, and runs their signatures.

Reads JSON jobs from the file given as the first argument; writes the answers beside it.
Jobs: [{"dir", "calls": [{"signature", "inputs": {name: [dtype, value]}}], "gradients"?: [call, output], "variables"?}]
"""
import json
import os
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework import function_def_to_graph


def listed(value):
    value = np.asarray(value)
    if value.dtype.kind in "OS":
        return [text.decode() if isinstance(text, bytes) else str(text) for text in value.ravel()]
    if value.dtype.kind == "V":  # bfloat16
        value = value.astype("float32")
    # JSON has neither complex numbers nor all integers of 64 bits.
    exact = value.dtype.kind in "bf" or value.dtype.itemsize < 8
    return value.ravel().tolist() if exact else [str(number) for number in value.ravel()]


def array(dtype, value):
    return np.array(value, object if dtype == "string" else tf.as_dtype(dtype).as_numpy_dtype)


def in_eager(job, call, loaded):
    inputs = {name: tf.constant(array(dtype, value), dtype) for name, (dtype, value) in call["inputs"].items()}
    outputs = loaded.signatures[call["signature"]](**inputs)
    return {name: {"shape": value.shape.as_list(), "values": listed(value)} for name, value in outputs.items()}


def in_session(job):
    """The calls one after another; then saves, runs the first again, restores, and runs it once more."""
    answers = []
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        meta = tf.compat.v1.saved_model.load(session, ["serve"], job["dir"])

        def run(call):
            signature = meta.signature_def[call["signature"]]
            feed = {signature.inputs[name].name: array(*value) for name, value in call["inputs"].items()}
            outputs = {name: info.name for name, info in signature.outputs.items()}
            return {name: listed(value) for name, value in session.run(outputs, feed).items()}

        answers = [run(call) for call in job["calls"]]
        saver = meta.saver_def
        with tempfile.TemporaryDirectory() as directory:
            prefix = os.path.join(directory, "saved")
            session.run(saver.save_tensor_name, {saver.filename_tensor_name: prefix})
            stored = {}
            if os.path.exists(prefix + ".index"):
                reader = tf.train.load_checkpoint(prefix)
                stored = {key: listed(reader.get_tensor(key)) for key in reader.get_variable_to_shape_map()}
                session.run(saver.restore_op_name, {saver.filename_tensor_name: prefix})
    return answers, stored


def library(job):
    """Each function on its own: how many nodes TensorFlow makes of it, and the static shapes of its outputs."""
    with open(os.path.join(job["dir"], "saved_model.pb"), "rb") as file:
        content = file.read()
    graph_def = saved_model_pb2.SavedModel.FromString(content).meta_graphs[0].graph_def
    shapes = {}
    with tf.Graph().as_default():
        tf.import_graph_def(graph_def, name="")
        for function in graph_def.library.function:
            made = function_def_to_graph.function_def_to_graph(function, propagate_device_spec=False)
            shapes[function.signature.name] = [
                None if out.shape.rank is None else out.shape.as_list() for out in made.outputs
            ]
    nodes = {f.signature.name: [[n.op, n.name] for n in f.node_def] for f in graph_def.library.function}
    return {"shapes": shapes, "nodes": nodes, "graph": [[n.op, n.name] for n in graph_def.node]}


def gradients(loaded, call, output):
    inputs = {name: tf.constant(array(dtype, value), dtype) for name, (dtype, value) in call["inputs"].items()}
    variables = [v for v in vars(loaded).values() if isinstance(v, tf.Variable) and v.trainable]
    with tf.GradientTape() as tape:
        result = tf.reduce_sum(loaded.signatures[call["signature"]](**inputs)[output])
    found = tape.gradient(result, variables)
    return {v.name: None if g is None else listed(tf.convert_to_tensor(g)) for v, g in zip(variables, found)}


def answer(job):
    if job.get("flat"):
        session, stored = in_session(job)
        return {"session": session, "stored": stored}
    loaded = tf.saved_model.load(job["dir"])
    result = {"eager": [in_eager(job, call, loaded) for call in job["calls"]]}
    result["variables"] = {
        name: listed(value) for name, value in vars(loaded).items() if isinstance(value, tf.Variable)
    }
    if "gradients" in job:
        result["gradients"] = gradients(loaded, job["calls"][job["gradients"][0]], job["gradients"][1])
    result["session"], result["stored"] = in_session(job)
    return {**result, **library(job)}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        jobs = json.load(file)
    with open(sys.argv[1] + ".answer", "w", encoding="utf-8") as file:
        json.dump([answer(job) for job in jobs], file)


main()
