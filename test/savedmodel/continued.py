"""Loads a SavedModel that Node wrote, with the state of its optimizer, and trains on as programs do (no eager mode).

Reads a JSON job from the file given as the first argument; writes its answer beside it.
Jobs: [{"dir", "inputs", "targets", "steps"}]
"""
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "layers"))

import numpy as np
import tf_keras as keras

import cpu_only  # noqa: F401


def trained(job):
    keras.backend.clear_session()
    model = keras.models.load_model(job["dir"])
    model.load_weights(os.path.join(job["dir"], "variables", "variables")).assert_existing_objects_matched()
    optimizer = model.optimizer
    answer = {"iterations": int(optimizer.iterations), "names": [model.name, *(layer.name for layer in model.layers)]}
    if hasattr(optimizer, "loss_scale"):
        answer["scale"] = [float(optimizer.loss_scale), int(optimizer.dynamic_counter)]
    x, y = np.array(job["inputs"], "float32"), np.array(job["targets"], "float32")
    model.fit(x, y, batch_size=len(x), epochs=job["steps"], shuffle=False, verbose=0)
    answer["weights"] = [value for w in model.get_weights() for value in w.ravel().tolist()]
    return answer


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        jobs = json.load(file)
    with open(sys.argv[1] + ".answer", "w", encoding="utf-8") as file:
        json.dump([trained(job) for job in jobs], file)


main()
