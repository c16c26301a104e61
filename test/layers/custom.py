"""The layers of custom.test.ts, written in Python as a Keras user would write them. Arguments: directory.

Restores DIRECTORY/node/weights and must consume all of it, predicts, writes itself to DIRECTORY/keras/weights (to be
compared byte for byte), gets other weights, predicts again and writes them to DIRECTORY/changed/weights.
"""
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import numpy as np
import tensorflow as tf
import tf_keras as keras

layers = keras.layers


class Scale(layers.Layer):
    """A weight whose field has another name, one without a field, one that is not trained."""

    def build(self, shape):
        self.factor = self.add_weight(name="gain", shape=shape[-1:])
        self.add_weight(name="spare", shape=[2])
        self.count = self.add_weight(name="count", shape=[], trainable=False)
        super().build(shape)

    def call(self, x):
        return x * self.factor + self.count


class Residual(layers.Layer):
    """Layers in a field, in a list and in a dictionary, one of them a custom layer."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.first = layers.Dense(units, activation="tanh", name="first")
        self.blocks = [layers.Dense(units, name="b0"), layers.BatchNormalization(name="b1")]
        self.heads = {"a": layers.Dense(units, use_bias=False, name="ha")}
        self.scale = Scale(name="scale")

    def call(self, x):
        y = self.first(x)
        for block in self.blocks:
            y = block(y, training=False) if block.name == "b1" else block(y)
        return x + self.scale(self.heads["a"](y))


class Scaled(layers.Dense):
    """A layer that extends one of Keras's."""

    def build(self, shape):
        super().build(shape)
        self.gain = self.add_weight(name="gain", shape=[self.units])

    def call(self, x):
        return super().call(x) * self.gain


class Raw(layers.Layer):
    """Variables made by hand, also in a list and a dictionary, between weights that no field holds."""

    def build(self, shape):
        self.add_weight(name="before", shape=[1])
        self.v = tf.Variable(tf.ones(shape[-1:]))
        self.add_weight(name="after", shape=[2])
        self.shift = tf.Variable(0.5, name="shift")
        self.step = tf.Variable(3, trainable=False)
        self.pair = [tf.Variable([0.25]), layers.Dense(shape[-1], name="p")]
        self.table = {"y": tf.Variable([2.0]), "x": [layers.Dense(shape[-1], name="t")], "10": tf.Variable([4.0])}
        self.read = self.add_weight(name="inside", shape=[1])
        super().build(shape)

    def call(self, x):
        y = self.table["x"][0](self.pair[1](x * self.v + self.shift))
        return y * self.pair[0] * self.table["y"] * self.table["10"] * self.read + tf.cast(self.step, "float32")


def main(directory):
    model = keras.Sequential([
        layers.Input((4,)),
        Scale(name="s"),
        Residual(4, name="r"),
        Raw(name="raw"),
        Scaled(3, name="d"),
    ])
    x = tf.constant(np.linspace(-1, 1, 8).reshape(2, 4), "float32")
    model.load_weights(os.path.join(directory, "node", "weights")).assert_consumed()
    answer = {"before": model(x).numpy().ravel().tolist()}
    model.save_weights(os.path.join(directory, "keras", "weights"))
    random = np.random.default_rng(7)
    model.set_weights([random.uniform(0.1, 0.9, w.shape).astype(w.dtype) for w in model.get_weights()])
    answer["after"] = model(x).numpy().ravel().tolist()
    model.save_weights(os.path.join(directory, "changed", "weights"))
    print(json.dumps(answer))


main(sys.argv[1])
