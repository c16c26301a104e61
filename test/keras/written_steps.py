"""Keras 3 and tf_keras train on with the state of an optimizer that Node wrote.

Reads a JSON job from the file given as the first argument; writes its answer beside it.
Job: {"cases": [{"name", "optimizer": [class, arguments], "weights": path of .weights.h5, "legacy": path of .h5,
"inputs", "targets", "steps"}]}. The answer has the weights after the steps, by who made them, or the error.
"""
import json
import os
import sys
import traceback
import warnings

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "layers"))

import h5py
import keras
import numpy as np
import tf_keras
from tf_keras.src.saving.legacy import hdf5_format

import cpu_only  # noqa: F401


def model_of(package):
    layers = package.layers
    return package.Sequential([
        layers.InputLayer((2,)) if package is tf_keras else package.Input((2,)),
        layers.Dense(3, activation="tanh"),
        layers.BatchNormalization(),
        layers.Dense(1),
    ])


def optimizer_of(package, spec):
    name, arguments = spec
    if name == "LossScaleOptimizer":
        inner = optimizer_of(package, arguments["inner"])
        if package is keras:
            return keras.optimizers.LossScaleOptimizer(inner, initial_scale=8.0, dynamic_growth_steps=2)
        return tf_keras.mixed_precision.LossScaleOptimizer(inner, initial_scale=8.0, dynamic_growth_steps=2)
    arguments = {key: value if isinstance(value, bool) else float(value) for key, value in arguments.items()}
    if "decay" in arguments:
        rate = package.optimizers.schedules.InverseTimeDecay(arguments["learning_rate"], 1, arguments.pop("decay"))
        arguments["learning_rate"] = rate
    return getattr(package.optimizers, name)(**arguments)


def train(model, case):
    x, y = np.array(case["inputs"], "float32"), np.array(case["targets"], "float32")
    model.fit(x, y, batch_size=len(x), epochs=case["steps"], shuffle=False, verbose=0)
    return [value for w in model.get_weights() for value in w.ravel().tolist()]


def in_keras3(case):
    keras.backend.clear_session()
    model = model_of(keras)
    model.compile(optimizer=optimizer_of(keras, case["optimizer"]), loss="mse", jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    # A warning says that the state was skipped.
    model.load_weights(case["weights"])
    return train(model, case)


def in_tf_keras(case):
    tf_keras.backend.clear_session()
    model = model_of(tf_keras)
    model.compile(optimizer=optimizer_of(tf_keras, case["optimizer"]), loss="mse")
    model.optimizer.build(model.trainable_variables)
    with h5py.File(case["legacy"]) as file:
        hdf5_format.load_weights_from_hdf5_group(file["model_weights"], model)
        values = hdf5_format.load_optimizer_weights_from_hdf5_group(file)
        if len(values) != len(model.optimizer.variables):
            raise ValueError(f"{len(values)} values for {[v.name for v in model.optimizer.variables]}")
        model.optimizer.set_weights(values)
    return train(model, case)


def attempt(case):
    answer = {}
    for who, judge in [("keras3", in_keras3), ("tf_keras", in_tf_keras)]:
        try:
            answer[who] = judge(case)
        except Exception:
            answer[who] = traceback.format_exc(limit=-2)[-1500:]
    return answer


def main():
    warnings.simplefilter("error", UserWarning)
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    answer = {case["name"]: attempt(case) for case in job["cases"]}
    with open(sys.argv[1] + ".answer", "w", encoding="utf-8") as file:
        json.dump(answer, file)


main()
