"""Real tf_keras for a whole batch of models: one process, one fresh session for each.

Reads a JSON job from the file given as the first argument; writes its answer beside it.
Job: {"cases": [{"name", "json", "python", "inputs": [{"shape", "data"}], "predict", "from", "to", "changed"}]}
Each model (of `json`, or of the function `python` of batch_architectures) restores `from`, which Node wrote, and must
consume all of it, predicts, writes itself to `to` (to be compared byte for byte with `from`), then gets other weights,
predicts again and writes them to `changed`.
"""
import json
import os
import sys
import traceback

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import numpy as np
import tensorflow as tf
import tf_keras as keras

import batch_architectures
import cpu_only  # noqa: F401
from batch_names import with_keras_names


def predict(model, inputs):
    """Calls the model rather than model.predict: that would add a `predict_function` node to its graph."""
    outputs = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    return [np.asarray(o).ravel().tolist() for o in tf.nest.flatten(outputs)]


def change(model, seed):
    random = np.random.default_rng(seed)
    for variable in model.weights:
        low, high = (0.5, 1.5) if "variance" in variable.name else (-0.5, 0.5)
        variable.assign(random.uniform(low, high, variable.shape).astype(variable.dtype.as_numpy_dtype))


def build(case):
    keras.backend.clear_session()
    if case["python"] is not None:
        return getattr(batch_architectures, case["python"])()
    topology = with_keras_names(json.loads(case["json"]))
    keras.backend.clear_session()
    return keras.models.model_from_json(json.dumps(topology))


def run_case(number, case):
    model = build(case)
    inputs = [tf.constant(np.array(i["data"], "float32").reshape(i["shape"])) for i in case["inputs"]]
    answer = {"before": [], "after": []}
    model.load_weights(case["from"]).assert_consumed()
    model.save_weights(case["to"])
    if case["predict"]:
        answer["before"] = predict(model, inputs)
    model.reset_states()
    change(model, number)
    model.save_weights(case["changed"])
    if case["predict"]:
        answer["after"] = predict(model, inputs)
    return answer


def attempt(number, case):
    try:
        return run_case(number, case)
    except Exception:
        return {"error": traceback.format_exc(limit=-4)[-3000:], "before": [], "after": []}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    answer = {case["name"]: attempt(number, case) for number, case in enumerate(job["cases"])}
    with open(sys.argv[1] + ".answer", "w", encoding="utf-8") as file:
        json.dump(answer, file)


main()
