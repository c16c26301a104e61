"""Real tf_keras for a whole batch of SavedModels.

Reads a JSON job from the file given as the first argument; writes its answer beside it.
Job: {"cases": [{"name", "dir", "inputs": [{"shape", "data"}], "targets": […], "predict", "evaluate"}]}
"""
import json
import os
import sys
import traceback

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "layers"))

import numpy as np
import tensorflow as tf
import tf_keras as keras

import cpu_only  # noqa: F401


def arrays(all_of_them):
    made = [np.array(one["data"], "float32").reshape(one["shape"]) for one in all_of_them]
    return made if len(made) > 1 else made[0]


def predict(model, inputs):
    model.reset_states()
    return [np.asarray(o).ravel().tolist() for o in tf.nest.flatten(model(inputs, training=False))]


def run_case(case):
    keras.backend.clear_session()
    model = keras.models.load_model(case["dir"])
    inputs = arrays(case["inputs"])
    answer = {"outputs": [], "trained": [], "losses": []}
    if case["predict"]:
        answer["outputs"] = predict(model, inputs)
    if case["evaluate"]:
        targets = arrays(case["targets"])
        size = case["inputs"][0]["shape"][0]
        model.compile(model.optimizer, model.loss, model.compiled_metrics._user_metrics, run_eagerly=True)
        losses = model.evaluate(inputs, targets, batch_size=size, verbose=0)
        answer["losses"] = losses if isinstance(losses, list) else [losses]
        model.fit(inputs, targets, batch_size=size, epochs=1, shuffle=False, verbose=0)
        answer["trained"] = predict(model, inputs)
    answer["weights"] = [w.name for w in model.weights]
    answer["trainable"] = [w.name for w in model.trainable_weights]
    return answer


def attempt(case):
    try:
        return run_case(case)
    except Exception:
        return {"error": traceback.format_exc(limit=-4)[-3000:]}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    answer = {case["name"]: attempt(case) for case in job["cases"]}
    with open(sys.argv[1] + ".answer", "w", encoding="utf-8") as file:
        json.dump(answer, file)


main()
