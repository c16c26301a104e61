"""Models that show where each variable lies in Keras's own files, written in Python. Arguments: directory.

The directory has NAME.weights.h5 for each of the models below, made by Node, and many.h5. Prints, as JSON, what each
library makes of each: null if what it saves again has exactly the values that Node wrote, else what is wrong.
"""
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import h5py
import keras
import numpy as np
import tf_keras
from tf_keras.src.saving.legacy import hdf5_format


def classes(package):
    layers = package.layers

    class Scale(layers.Layer):
        """A field of another name, a weight without a field, one that is not trained and was made before another."""

        def build(self, shape):
            self.count = self.add_weight(name="count", shape=(), trainable=False)
            self.factor = self.add_weight(name="gain", shape=shape[-1:])
            self.add_weight(name="spare", shape=(2,))
            super().build(shape)

        def call(self, x):
            return x * self.factor + self.count

    class Residual(layers.Layer):
        """Layers in fields, a list and a dictionary; a private one, which the two libraries visit at other times."""

        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.first = layers.Dense(units)
            self.blocks = [layers.Dense(units), layers.BatchNormalization(), layers.Dense(units)]
            self.heads = {"b": layers.Dense(units, use_bias=False), "a": layers.Dense(units)}
            self._scale = Scale()
            self.again = self.blocks[2]

        def call(self, x):
            y = self.first(x)
            for block in [*self.blocks, self.heads["b"], self.heads["a"], self._scale]:
                y = block(y)
            return x + y

    class Nested(layers.Layer):
        """A list of lists, in which only Keras 3 looks for layers."""

        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.rows = [[layers.Dense(units)], [layers.Dense(units), layers.Dense(units)]]

        def call(self, x):
            for block in [one for row in self.rows for one in row]:
                x = block(x)
            return x

    return Residual, Nested


def custom(package):
    Residual, _ = classes(package)
    given = package.Input((3,))
    return package.Model(given, package.layers.Dense(2)(Residual(3)(given)))


def nested(package):
    _, Nested = classes(package)
    given = package.Input((3,))
    return package.Model(given, Nested(3)(given))


def shared(package, more):
    """A layer that is in a model within the model, too. tf_keras does not number it again."""
    layers = package.layers
    encoder = layers.Dense(3)
    given = package.Input((3,))
    inner = package.Model(given, encoder(given))
    given = package.Input((3,))
    y = encoder(inner(given))
    for _ in range(more):
        y = layers.Dense(3)(y)
    return package.Model(given, y)


def pictures(package):
    given = package.Input((3, 4, 4, 1))
    x = package.layers.ConvLSTM2D(2, 2, return_sequences=True)(given)
    return package.Model(given, package.layers.ConvLSTM2D(2, 2)(x))


MODELS = {
    "custom": custom,
    "nested": nested,
    "shared1": lambda package: shared(package, 1),
    "shared2": lambda package: shared(package, 2),
    "pictures": pictures,
}


def values(path):
    found = {}
    with h5py.File(path) as file:
        def add(name, item):
            if isinstance(item, h5py.Dataset):
                found[name] = np.array(item)
        file.visititems(add)
    return found


def judged(package, name, directory):
    package.backend.clear_session()
    model = MODELS[name](package)
    for weight in model.weights:
        weight.assign(np.full(weight.shape, 7.5))
    ours, theirs = os.path.join(directory, f"{name}.weights.h5"), os.path.join(directory, "again.weights.h5")
    try:
        model.load_weights(ours)
    except Exception as error:
        return f"refused: {type(error).__name__}: {error}"[:300]
    model.save_weights(theirs)
    with h5py.File(ours) as file:
        wrong = [path for path, value in values(theirs).items()
                 if path not in file or not np.array_equal(np.array(file[path]), value)]
    left = [weight.name for weight in model.weights if np.all(np.array(weight) == 7.5)]
    return f"wrong: {wrong}, left: {left}" if wrong or left else None


def main():
    directory = sys.argv[1]
    answer = {name: {"keras": judged(keras, name, directory), "tf_keras": judged(tf_keras, name, directory)}
              for name in MODELS}
    with h5py.File(os.path.join(directory, "many.h5")) as file:
        answer["attributes"] = sorted(file.attrs)
        answer["layers"] = hdf5_format.load_attributes_from_hdf5_group(file, "layer_names")
    with h5py.File(os.path.join(directory, "moment.weights.h5")) as file:
        answer["moment"] = [np.array(file[f"layers/dense/vars/{i}"]).ravel().tolist() for i in range(2)]
    print(json.dumps(answer))


main()
