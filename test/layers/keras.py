"""Real tf_keras for the tests of src/layers: one process for a whole batch of models.

Reads a JSON job from the file given as the first argument; prints one JSON answer.
Job: {"cases": [{"name", "json", "inputs": [{"shape", "data"}], "from", "to", "changed"}], "extras": directory}
For each case: the model of `json` restores `from` (what Node wrote) and must consume all of it, predicts, writes itself to
`to` (to be compared byte for byte with `from`), then gets other weights, predicts again and writes them to `changed`.
"""
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import numpy as np
import tensorflow as tf
import tf_keras as keras


def predict(model, inputs):
    """Calls the model rather than model.predict: that would add a `predict_function` node to its graph."""
    outputs = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    return [np.asarray(o).ravel().tolist() for o in outputs]


def change(model, seed):
    random = np.random.default_rng(seed)
    model.set_weights([random.uniform(0.1, 0.9, w.shape).astype(w.dtype) for w in model.get_weights()])


def run_case(number, case):
    keras.backend.clear_session()
    model = keras.models.model_from_json(case["json"])
    inputs = [tf.constant(np.array(i["data"], "float32").reshape(i["shape"])) for i in case["inputs"]]
    model.load_weights(case["from"]).assert_consumed()
    answer = {"before": predict(model, inputs)}
    model.save_weights(case["to"])
    change(model, number)
    answer["after"] = predict(model, inputs)
    model.save_weights(case["changed"])
    return answer


def digits():
    layers = keras.layers
    return keras.Sequential([
        layers.Conv2D(4, 3, activation="relu", input_shape=(8, 8, 1)),
        layers.BatchNormalization(),
        layers.MaxPooling2D(2),
        layers.Dropout(0.2),
        layers.Flatten(),
        layers.Dense(5, activation="relu"),
        layers.Dense(3, activation="softmax"),
    ])


def run_extras(directory):
    """What Keras and TensorFlow write for one model in ways other than save_weights of an uncompiled one."""
    keras.backend.clear_session()
    model = digits()
    change(model, 99)
    model.save_weights(os.path.join(directory, "automatic", "names"))
    answer = {"weights": [w.ravel().tolist() for w in model.get_weights()]}
    tf.train.Checkpoint(model=model).save(os.path.join(directory, "below", "ckpt"))
    tf.saved_model.save(model, os.path.join(directory, "saved_model"))
    reference = tf.compat.v1.train.Saver({w.name.split(":")[0]: w for w in model.weights})
    reference.save(None, os.path.join(directory, "names", "saver"), write_meta_graph=False)
    model.compile(keras.optimizers.Adam(0.0), "mse")
    model.fit(np.zeros((2, 8, 8, 1)), np.zeros((2, 3)), verbose=0)
    change(model, 99)
    model.save_weights(os.path.join(directory, "compiled", "trained"))
    return answer


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    answer = {"cases": {case["name"]: run_case(i, case) for i, case in enumerate(job["cases"])}}
    answer["extras"] = run_extras(job["extras"])
    with open(sys.argv[1] + ".answer", "w", encoding="utf-8") as file:
        json.dump(answer, file)


main()
