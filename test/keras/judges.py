"""The judges of Keras's own files: real Keras 3 and real tf_keras, in one process, asked in the same words."""
import gc
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ["KERAS_BACKEND"] = "tensorflow"

import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "layers"))

import keras
import numpy as np
import tensorflow as tf
import tf_keras

import cpu_only  # noqa: F401

JUDGES = {"keras": keras, "tf_keras": tf_keras}
# Keras collects garbage before each model; what is here now is not looked at again.
gc.freeze()
# What load_weights must replace; no test ends with it.
WIPED = 7.0


def arrays(given):
    """As a model takes them: one array, or a list of several."""
    made = [np.array(one["data"], "float32").reshape(one["shape"]) for one in given]
    return made if len(made) > 1 else made[0]


def plain(value):
    return {"shape": list(np.shape(value)), "data": np.asarray(value, "float64").ravel().tolist()}


def every_layer(model):
    """Also those of models and wrappers within."""
    for layer in model._flatten_layers(include_self=False, recursive=True):
        yield layer


def reset(model):
    for layer in every_layer(model):
        if getattr(layer, "stateful", False):
            getattr(layer, "reset_states", getattr(layer, "reset_state", lambda: None))()


def predict(model, inputs):
    reset(model)
    outputs = model(inputs, training=False)
    return [plain(output) for output in tf.nest.flatten(outputs)]


def wipe(model):
    for variable in model.weights:
        variable.assign(np.full(variable.shape, WIPED))


def evaluate(model, inputs, targets):
    """The loss of all outputs together."""
    reset(model)
    model.run_eagerly = True
    losses = model.test_on_batch(inputs, targets)
    return float(losses[0] if isinstance(losses, list) else losses)


def train(model, inputs, targets, steps):
    reset(model)
    model.run_eagerly = True
    for _ in range(steps):
        model.train_on_batch(inputs, targets)


def weights(model):
    """Shape and sum of squares of each weight, in no order: to compare where a model cannot be run."""
    return sorted([list(w.shape), float(np.sum(np.asarray(w, "float64") ** 2))] for w in model.weights)


def save_all(model, place):
    """Every file that this Keras can write: PLACE.keras, PLACE.h5, PLACE.weights.h5."""
    os.makedirs(os.path.dirname(place), exist_ok=True)
    model.save(f"{place}.keras")
    model.save(f"{place}.h5")
    model.save_weights(f"{place}.weights.h5")
