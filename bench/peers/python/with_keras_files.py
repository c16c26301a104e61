"""Keras 3 with h5py: `.weights.h5`, `.keras` and `.h5`, saved and loaded."""
import os

os.environ["KERAS_BACKEND"] = "tensorflow"

import h5py
import keras
import numpy as np
import tensorflow as tf

from measured import main, measure_loads, measure_saves

UNITS = 2048
MORE_UNITS = 272


def network():
    """The quickstart's network with more units, trained two steps, as models.mjs has it."""
    l = keras.layers
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            l.Conv2D(16, 3, activation="relu"),
            l.BatchNormalization(momentum=0.9),
            l.MaxPooling2D(2),
            l.Conv2D(32, 3, activation="relu"),
            l.BatchNormalization(momentum=0.9),
            l.MaxPooling2D(2),
            l.Flatten(),
            l.Dropout(0.3),
            l.Dense(MORE_UNITS, activation="relu"),
            l.Dense(10, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(1e-3), "categorical_crossentropy")
    images = np.random.default_rng(1).uniform(size=(16, 28, 28, 1)).astype("float32")
    model.fit(images, np.eye(10, dtype="float32")[np.arange(16) % 10], batch_size=8, verbose=0)
    return model


def made_by_operations(model):
    for weight in model.weights:
        weight.assign(tf.fill(weight.shape, 0.5))
    return model


def mobile_net():
    return made_by_operations(keras.applications.MobileNet(weights=None))


def large(size):
    layers = max(1, round(size / 4 / UNITS / UNITS))
    dense = [keras.layers.Dense(UNITS, kernel_initializer="zeros") for _ in range(layers)]
    return made_by_operations(keras.Sequential([keras.Input((UNITS,)), *dense]))


_models = {}


def model_of(request):
    """Made once for all requests of a process."""
    name = request["model"]
    if name not in _models:
        make = {"network": network, "mobilenet": mobile_net, "large": lambda: large(request["bytes"])}[name]
        _models[name] = make()
    return _models[name]


def path_of(request):
    return os.path.join(request["directory"], f"keras{request['ending']}")


def save(request):
    model, path = model_of(request), path_of(request)
    weights_only = request["ending"] == ".weights.h5"
    result = measure_saves(
        request,
        lambda: model.save_weights(path, overwrite=True) if weights_only else model.save(path),
        total=0,
        count=len(model.weights),
        how=f"Keras 3's {'save_weights' if weights_only else 'model.save'}",
        verifies=True,
    )
    return {**result, "bytes": os.path.getsize(path)}


def load(request):
    model, path = model_of(request), path_of(request)
    weights_only = request["ending"] == ".weights.h5"
    return measure_loads(
        request,
        lambda: model.load_weights(path) if weights_only else keras.models.load_model(path),
        total=os.path.getsize(path),
        count=0,
        how=f"Keras 3's {'load_weights' if weights_only else 'load_model'}",
        verifies=True,
        returns=False,
    )


main({"save": save, "load": load}, {"keras": keras.__version__, "h5py": h5py.__version__, "numpy": np.__version__})
