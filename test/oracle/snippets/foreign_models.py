"""Checkpoints of models that TensorFlow.js cannot load, or not without being told where things are."""
import os

import keras
import numpy as np
import tensorflow as tf
import tf_keras


def _random(model, seed):
    random = np.random.default_rng(seed)
    model.set_weights([random.uniform(0.1, 0.9, w.shape).astype(w.dtype) for w in model.get_weights()])
    return model


def _named(model):
    return [{"name": weight.name.split(":")[0], "value": weight} for weight in model.weights]


def _two_layers():
    layers = tf_keras.layers
    return tf_keras.Sequential([layers.Dense(3, name="l1", input_shape=(4,)), layers.Dense(2, name="l2")])


class _Subclassed(tf_keras.Model):
    """Edges are attribute names; `blocks` is a list."""

    def __init__(self):
        super().__init__()
        self.blocks = [tf_keras.layers.Dense(3, name="b0"), tf_keras.layers.Dense(3, name="b1")]
        self.head = tf_keras.layers.Dense(2, name="out")

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def _keras2(layer, shape):
    return _random(tf_keras.Sequential([tf_keras.layers.Input(shape), layer]), 3)


def _keras3(layer, shape):
    return keras.Sequential([keras.layers.Input(shape), layer])


def _refused():
    """Of Keras 2 by save_weights, of Keras 3 by tf.train.Checkpoint: {name: (keras, model)}."""
    two, three = tf_keras.layers, keras.layers
    models = {
        "gru": (2, _keras2(two.GRU(3), (3, 2))),
        "gru_cell": (2, _keras2(two.RNN(two.GRUCell(3)), (3, 2))),
        "bidirectional_gru": (2, _keras2(two.Bidirectional(two.GRU(3)), (3, 2))),
        "gru_keras3": (3, _keras3(three.GRU(3), (3, 2))),
        "float16": (2, _keras2(two.Dense(3, dtype="float16"), (4,))),
        "float64": (2, _keras2(two.Dense(3, dtype="float64"), (4,))),
        "groups": (2, _keras2(two.Conv2D(4, 2, groups=2), (5, 5, 4))),
    }
    for name, layer, shape in [
        ("dense", three.Dense(3), (4,)),
        ("embedding", three.Embedding(5, 4), (2,)),
        ("conv", three.Conv2D(3, 2), (5, 5, 2)),
    ]:
        models[f"lora_{name}"] = (3, _keras3(layer, shape))
        models[f"lora_{name}"][1].layers[0].enable_lora(2)
    models["int8"] = (3, _keras3(three.Dense(6), (4,)))
    models["int8"][1].quantize("int8")
    return models


def run(args):
    """{directory} -> {twoLayers, subclassed: {weights, input, output}, saver}; each checkpoint is
    DIRECTORY/<name>/ckpt.
    """
    prefix = lambda name: os.path.join(args["directory"], name, "ckpt")
    two_layers = _random(_two_layers(), 1)
    two_layers.save_weights(prefix("two_layers"))
    subclassed = _Subclassed()
    x = tf.constant(np.random.default_rng(5).uniform(-1, 1, (2, 4)).astype("float32"))
    subclassed(x)
    _random(subclassed, 2)
    subclassed.save_weights(prefix("subclassed"))
    tf.train.Checkpoint(net=subclassed).write(prefix("subclassed_below"))
    # A name-based checkpoint whose scopes are other than the layers' names.
    os.makedirs(os.path.dirname(prefix("saver")))
    scopes = {"l1": "old/first", "l2": "old/second"}
    names = {}
    for variable in two_layers.weights:
        layer, name = variable.name.split(":")[0].split("/")
        names[f"{scopes[layer]}/{name}"] = variable
    tf.compat.v1.train.Saver(names).save(None, prefix("saver"), write_meta_graph=False)
    for name, (generation, model) in _refused().items():
        if generation == 2:
            model.save_weights(prefix(name))
        else:
            tf.train.Checkpoint(model=model).write(prefix(name))
    return {
        "twoLayers": _named(two_layers),
        "subclassed": {"weights": _named(subclassed), "input": x, "output": subclassed(x)},
    }
