"""SavedModels that tf_keras writes, for Node to read, and what they compute and become by three further steps.

Usage: reading.py FOLDER SET. Writes FOLDER/NAME for every model of the set, and FOLDER/answer.json.
"""
import json
import os
import sys
import traceback

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import numpy as np
import tensorflow as tf

try:
    import tf_keras as keras
except ImportError:
    keras = tf.keras

import reading_models

STEPS = 3


def numbers(tensors):
    return [{"shape": list(np.shape(t)), "data": np.asarray(t).ravel().tolist()} for t in tensors]


def as_given(tensors):
    return tensors if len(tensors) > 1 else tensors[0]


def train(model, inputs, targets, steps):
    for _ in range(steps):
        model.train_on_batch(as_given(inputs), as_given(targets))


def run_case(folder, name, make):
    keras.backend.clear_session()
    keras.utils.set_random_seed(7)
    model, inputs, targets, traces = make(keras)
    answer = {"dir": os.path.join(folder, name), "inputs": numbers(inputs), "targets": numbers(targets)}
    if model.optimizer:
        train(model, inputs, targets, STEPS)
    model.save(answer["dir"], save_format="tf", save_traces=traces)
    model.reset_states()
    answer["outputs"] = numbers(tf.nest.flatten(model(as_given(inputs), training=False)))
    answer["trainable"] = [w.name for w in model.trainable_weights]
    answer["losses"] = []
    if model.optimizer:
        losses = model.test_on_batch(as_given(inputs), as_given(targets))
        answer["losses"] = [float(loss) for loss in (losses if isinstance(losses, list) else [losses])]
        train(model, inputs, targets, STEPS)
    model.reset_states()
    answer["trained"] = numbers(tf.nest.flatten(model(as_given(inputs), training=False)))
    answer["weights"] = {w.name: float(np.asarray(tf.reduce_sum(w * w))) for w in model.weights}
    return answer


def attempt(folder, name, make):
    try:
        return run_case(folder, name, make)
    except Exception:
        return {"error": traceback.format_exc(limit=-4)[-3000:]}


def main():
    folder, which = sys.argv[1:3]
    answer = {name: attempt(folder, name, make) for name, make in getattr(reading_models, which)().items()}
    with open(os.path.join(folder, "answer.json"), "w", encoding="utf-8") as file:
        json.dump(answer, file)


main()
