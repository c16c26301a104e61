"""tf_keras: whole models as SavedModels, saved with and without traced functions, and loaded."""
import os

import numpy as np
import tensorflow as tf
import tf_keras as keras

from measured import main, measure_loads, measure_saves


def mobile_net():
    """MobileNet V1, as models.mjs has it. Its weights are made by an operation."""
    model = keras.applications.MobileNet(weights=None)
    for weight in model.weights:
        weight.assign(tf.fill(weight.shape, 0.5))
    return model


def size(directory):
    return sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(directory) for name in names)


def save(request):
    model = mobile_net()
    directory = request["directory"]
    traces = request.get("traces", False)
    result = measure_saves(
        request,
        lambda: model.save(directory, save_traces=traces),
        total=0,
        count=len(model.weights),
        how=f"model.save, save_traces={traces}",
        verifies=True,
    )
    return {**result, "bytes": size(directory)}


def load(request):
    return measure_loads(
        request,
        lambda: keras.models.load_model(request["directory"]),
        total=size(request["directory"]),
        count=0,
        how="load_model",
        verifies=True,
        returns=False,
    )


main({"save": save, "load": load}, {"tf_keras": keras.__version__, "numpy": np.__version__})
