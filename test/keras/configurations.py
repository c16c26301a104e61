"""Models from configurations that Node wrote, made by real Keras 3 and real tf_keras, with the weights that Node gives.

Reads a JSON job from the file given as the first argument; writes its answer beside it.
Job: {"cases": [{"name", "config", "model_config", "training_config", "weights", "inputs", "targets", "predict"}]}
"""
import json
import os
import sys
import traceback
import warnings

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "layers"))

import keras
import numpy as np
import tensorflow as tf
import tf_keras
from keras.src.legacy.saving import saving_options
from keras.src.legacy.saving import saving_utils as legacy
from keras.src.saving.serialization_lib import ObjectSharingScope
from tf_keras.src.saving.legacy import saving_utils

import cpu_only  # noqa: F401


class Doubling(keras.layers.Layer):
    """What a user of Keras 3 registers."""

    def __init__(self, factor=2, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(input_shape[-1],), name="scale")

    def call(self, inputs):
        return inputs * self.scale * self.factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


class OldDoubling(tf_keras.layers.Layer):
    def __init__(self, factor=2, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(input_shape[-1],), name="scale")

    def call(self, inputs):
        return inputs * self.scale * self.factor


class Halves(keras.initializers.Initializer):
    def __call__(self, shape, dtype=None):
        return keras.ops.full(shape, 0.5, dtype)


class OldHalves(tf_keras.initializers.Initializer):
    def __call__(self, shape, dtype=None):
        return tf.fill(shape, 0.5)


def gelu_new(x):
    return 0.5 * x * (1 + tf.tanh(0.7978845608028654 * (x + 0.044715 * x**3)))


class RandomWidth(keras.layers.Layer):
    """Which Keras 3 lacks; it does nothing but in a training."""

    def __init__(self, factor, interpolation="bilinear", seed=None, auto_vectorize=None, **kwargs):
        super().__init__(**kwargs)

    def call(self, inputs):
        return inputs


keras.saving.register_keras_serializable("mine")(Doubling)
keras.saving.register_keras_serializable()(Halves)
keras.saving.register_keras_serializable()(gelu_new)
keras.saving.register_keras_serializable()(RandomWidth)
OLD = {"Doubling": OldDoubling, "Halves": OldHalves, "gelu_new": gelu_new}


def made_by_keras3(case):
    config = json.loads(case["config"])
    with ObjectSharingScope():
        model = keras.saving.deserialize_keras_object(config)
    if case["targets"]:
        metrics = keras.saving.deserialize_keras_object(config["compile_config"]["metrics"])
        model.compile(model.optimizer, model.loss, metrics=metrics, run_eagerly=True)
    return model


def made_by_tf_keras(case):
    with tf_keras.utils.custom_object_scope(OLD):
        model = tf_keras.models.model_from_json(case["model_config"])
        if case["targets"]:
            training = json.loads(case["training_config"])
            args = saving_utils.compile_args_from_training_config(training)
            model.compile(**args, run_eagerly=True)
    return model


def made_from_legacy(case):
    with saving_options.keras_option_scope(use_legacy_config=True):
        model = legacy.model_from_config(json.loads(case["model_config"]))
    if case["targets"]:
        training = json.loads(case["training_config"])
        # Which Keras 3 refuses in files of tf_keras as well: it opens them with compile=False.
        training["optimizer_config"]["config"].pop("is_legacy_optimizer")
        args = legacy.compile_args_from_training_config(training)
        model.compile(**args, run_eagerly=True)
    return model


MAKERS = {"keras3": made_by_keras3, "tf_keras": made_by_tf_keras, "legacy": made_from_legacy}


def leaves(model, met):
    for layer in model.layers:
        if hasattr(layer, "layers") and not isinstance(layer, keras.layers.Pipeline):
            yield from leaves(layer, met)
        elif id(layer) not in met:
            met.add(id(layer))
            yield layer


def arrays(all_of_them):
    made = [np.array(one["data"], "float32").reshape(one["shape"]) for one in all_of_them]
    return made if len(made) > 1 else made[0]


def outputs(model, inputs):
    for layer in leaves(model, set()):
        if getattr(layer, "stateful", False):
            getattr(layer, "reset_state", getattr(layer, "reset_states", None))()
    return [np.asarray(o).ravel().tolist() for o in tf.nest.flatten(model(inputs, training=False))]


def judged(case, make):
    model = make(case)
    with_weights = [layer for layer in leaves(model, set()) if layer.weights]
    assert len(with_weights) == len(case["weights"]), ([one.name for one in with_weights], len(case["weights"]))
    for layer, values in zip(with_weights, case["weights"]):
        variables = layer.trainable_weights + layer.non_trainable_weights
        assert len(variables) == len(values), layer.name
        for variable, value in zip(variables, values):
            variable.assign(np.array(value["data"], "float32").reshape(value["shape"]))
    inputs = arrays(case["inputs"])
    answer = {"names": [one.name for one in leaves(model, set())], "outputs": [], "losses": [], "trained": []}
    answer["trainable"] = len(model.trainable_weights)
    if case["predict"]:
        answer["outputs"] = outputs(model, inputs)
        answer["isList"] = isinstance(model(inputs), (list, tuple))
    if case["targets"]:
        targets = arrays(case["targets"])
        size = case["inputs"][0]["shape"][0]
        losses = model.evaluate(inputs, targets, batch_size=size, verbose=0)
        answer["losses"] = losses if isinstance(losses, list) else [losses]
        model.fit(inputs, targets, batch_size=size, epochs=1, shuffle=False, verbose=0)
        answer["trained"] = outputs(model, inputs)
    return answer


def attempt(case, make):
    keras.backend.clear_session()
    tf_keras.backend.clear_session()
    try:
        return judged(case, make)
    except Exception:
        return {"error": traceback.format_exc(limit=-6)[-3000:]}


def main():
    warnings.simplefilter("ignore")
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    answer = {case["name"]: {name: attempt(case, MAKERS[name]) for name in job["judges"]} for case in job["cases"]}
    with open(sys.argv[1] + ".answer", "w", encoding="utf-8") as file:
        json.dump(answer, file)


main()
