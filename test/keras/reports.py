"""The models of five reports about Keras 3 and TensorFlow.js (tensorflow/tfjs#8328, 8358, 8489, 8494, 8266).

Usage: reports.py FOLDER [deep]. Writes FOLDER/NAME.keras or FOLDER/NAME.h5, and FOLDER/answer.json.
"""
import json
import os
import sys

import keras
import numpy as np
import tf_keras
from keras import layers

FOLDER = sys.argv[1]
random = np.random.default_rng(1)
answers = {}
# The networks amplify roundings more with some first weights than with others.
keras.utils.set_random_seed(1)


def numbers(array):
    return {"shape": list(np.shape(array)), "data": np.asarray(array, "float64").ravel().tolist()}


def save(model, name, inputs):
    model.save(os.path.join(FOLDER, name))
    answer = {"inputs": [numbers(inputs)], "outputs": [numbers(model(inputs, training=False))]}
    answer["weights"] = [numbers(w) for w in model.get_weights()][:4]
    answers[name] = answer


def uniform(*shape):
    return random.uniform(-1, 1, shape).astype("float32")


def shaken(model):
    """With biases and statistics that are not those of a new model."""
    # Not the kernels: with other ones, the values of a deep network grow, and their errors with them.
    shift = lambda w: w + random.uniform(0, 0.1, w.shape).astype(w.dtype) if w.ndim == 1 and w.dtype.kind == "f" else w
    model.set_weights([shift(w) for w in model.get_weights()])
    return model


# 8328: batch_shape and the new form of calls, in a small model that was trained.
x = np.array([[0], [0], [0], [1], [1], [1]], "float32")
y = np.array([[0], [0], [1], [1], [1], [1]], "float32")
inputs = layers.Input(shape=(1,), dtype="float32")
outputs = layers.Dense(1, activation="sigmoid")(layers.Dense(16, activation="relu")(inputs))
for name in ["8328.keras", "8328.h5"]:
    model = keras.Model(inputs=inputs, outputs=outputs)
    model.compile(loss="binary_crossentropy", optimizer="rmsprop", metrics=["accuracy"])
    model.fit(x, y, epochs=10, verbose=0)
    save(model, name, x)
    model.fit(x, y, epochs=3, shuffle=False, verbose=0)
    answers[name]["trained"] = [numbers(model(x, training=False))]
    answers[name]["targets"] = [numbers(y)]

# 8358: MobileNetV2, and MobileNetV3 with operations between its layers.
networks = keras.applications
network = networks.MobileNetV2((32, 32, 3), alpha=0.35, weights=None, classes=5)
save(shaken(network), "8358-2.keras", uniform(2, 32, 32, 3))
if len(sys.argv) > 2:
    network = networks.MobileNetV3Large((32, 32, 3), alpha=0.75, weights=None, classes=5)
    save(shaken(network), "8358-3.keras", 100 + 50 * uniform(2, 32, 32, 3))


# 8489: classes that TensorFlow.js does not know.
@keras.saving.register_keras_serializable("reports")
class Doubled(layers.Layer):
    def __init__(self, by=2.0, **kwargs):
        super().__init__(**kwargs)
        self.by = by

    def build(self, shape):
        self.gain = self.add_weight(shape=(shape[-1],), initializer="ones", name="gain")

    def call(self, x):
        return x * self.gain * self.by

    def get_config(self):
        return {**super().get_config(), "by": self.by}


model = keras.Sequential([layers.Input((4,)), Doubled(3.0), layers.Dense(2), layers.GroupNormalization(2)])
model.save(os.path.join(FOLDER, "8489-lacking.keras"))
model = keras.Sequential([layers.Input((4,)), Doubled(3.0), layers.Dense(2)])
save(shaken(model), "8489.keras", uniform(3, 4))

# 8494: a Sequential that was saved as HDF5.
model = keras.Sequential(
    [
        layers.Input((12, 12, 1)),
        layers.RandomFlip("horizontal"),
        layers.Conv2D(4, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(0.3),
        layers.Dense(3, activation="softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
save(shaken(model), "8494.h5", uniform(2, 12, 12, 1))

# 8266: its weights came out in another order, from tf_keras's `.keras` too.
for name, library in {"8266.keras": keras, "8266-2.keras": tf_keras}.items():
    parts = library.layers
    model = library.Sequential(
        [parts.Input(shape=(None, 3)), parts.GlobalMaxPooling1D(), parts.Dense(4, activation="softmax")]
    )
    save(shaken(model), name, uniform(2, 5, 3))

# Masks, which TensorFlow.js passes on in other ways.
steps = uniform(3, 5, 2)
steps[0, 3:] = steps[1, :2] = 0
for library in [keras, tf_keras]:
    parts = library.layers
    sequence, masked = parts.Input((5, 2)), parts.Masking()
    read = parts.LSTM(3)(masked(sequence))
    read = parts.LSTM(4, return_sequences=True)(parts.RepeatVector(5)(read))
    average = parts.GlobalAveragePooling1D()(parts.Dense(3)(masked(sequence)))
    convolved = parts.GRU(3, reset_after=False)(parts.Conv1D(3, 2)(masked(sequence)))
    states = parts.LSTM(3, return_state=True)(masked(sequence))
    decoded = parts.LSTM(3)(parts.Dense(2)(masked(sequence)), initial_state=states[1:])
    model = library.Model(sequence, [parts.LSTM(3)(read), average, convolved, decoded])
    name = f"masks-{library.__name__}.keras"
    model.compile("adam", "mse")
    model.save(os.path.join(FOLDER, name))
    outputs = [numbers(one) for one in model(steps, training=False)]
    answers[name] = {"inputs": [numbers(steps)], "outputs": outputs, "weights": []}

with open(os.path.join(FOLDER, "answer.json"), "w") as file:
    json.dump(answers, file)
