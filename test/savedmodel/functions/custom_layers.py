"""The user-defined layers of custom-layers.test.ts in Python. `custom_layers.py JOB`: first, without these classes,
tf_keras says what it does not know; then prove.py is run with them."""

import json
import os
import runpy
import sys

import tensorflow as tf
import tf_keras


class Scale(tf_keras.layers.Layer):
    def __init__(self, start_at=1.0, **kwargs):
        super().__init__(**kwargs)
        self.start_at = start_at

    def build(self, input_shape):
        self.gain = self.add_weight("gain", [input_shape[-1]])
        self.offset = self.add_weight("offset", [], trainable=False)
        super().build(input_shape)

    def call(self, inputs):
        return inputs * self.gain + self.offset + self.start_at


class Doubling(tf_keras.layers.Layer):
    def call(self, inputs):
        return inputs * 2


class Louder(tf_keras.layers.Layer):
    def build(self, input_shape):
        self.seen = self.add_weight("seen", [], trainable=False)
        super().build(input_shape)

    def call(self, inputs, training=False):
        if not training:
            return inputs * 3 + self.seen
        self.seen.assign_add(1.0)
        return inputs * 2


class Gated(tf_keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.gate = tf_keras.layers.Dense(units, activation="hard_sigmoid")
        self.blocks = [tf_keras.layers.Dense(units), Scale(start_at=0.5)]

    def build(self, input_shape):
        for layer in [self.gate, *self.blocks]:
            layer.build(input_shape)
        super().build(input_shape)

    def call(self, inputs):
        value = inputs
        for block in self.blocks:
            value = block(value)
        return self.gate(inputs) * value


class Halves(tf_keras.initializers.Initializer):
    def __call__(self, shape, dtype=None, **kwargs):
        return tf.fill(shape, 0.5)


CLASSES = [Scale, Doubling, Louder, Gated, Halves]


def cubed(inputs):
    return inputs**3


with open(sys.argv[1], encoding="utf-8") as file:
    for job in json.load(file)["models"][:2]:
        try:
            tf_keras.models.load_model(job["dir"])
        except (ValueError, RuntimeError) as error:
            assert "Unknown" in str(error), error
        else:
            raise AssertionError(f"{job['name']}: tf_keras made it")

objects = {one.__name__: one for one in CLASSES} | {"cubed": cubed}
tf_keras.utils.get_custom_objects().update(objects)
runpy.run_path(os.path.join(os.path.dirname(os.path.abspath(__file__)), "prove.py"), run_name="__main__")
