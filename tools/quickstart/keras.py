"""The Python half of the quickstart: real TensorFlow restores what Node saved, goes on training, and saves for Node.

Reads a JSON job (path as the first argument); prints lines `progress SHARE` while it works. Arrays are raw
little-endian float32 files. Writes predictions to the files the job names.
"""
import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
import tensorflow as tf
import tf_keras as keras


def network():
    layers = keras.layers
    return keras.Sequential([
        layers.Conv2D(16, 3, activation="relu", input_shape=(28, 28, 1)),
        layers.BatchNormalization(momentum=0.9),
        layers.MaxPooling2D(2),
        layers.Conv2D(32, 3, activation="relu"),
        layers.BatchNormalization(momentum=0.9),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dropout(0.3),
        layers.Dense(64, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ])


class Progress(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        print("progress", (batch + 1) / self.params["steps"], flush=True)


def digits(job, which):
    images = np.fromfile(job[which]["images"], "<f4").reshape(-1, 28, 28, 1)
    labels = np.fromfile(job[which]["labels"], "<f4").reshape(-1, 10)
    return images, labels


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    training, test = digits(job, "training"), digits(job, "test")
    model = network()
    model.compile(keras.optimizers.Adam(1e-3), "categorical_crossentropy")
    model.optimizer.build(model.trainable_variables)
    model.load_weights(job["from"]).assert_consumed()
    model.predict(test[0], batch_size=250, verbose=0).astype("<f4").tofile(job["restored"])
    model.fit(*training, batch_size=job["batchSize"], epochs=1, verbose=0, callbacks=[Progress()])
    model.save_weights(job["to"])
    model.predict(test[0], batch_size=250, verbose=0).astype("<f4").tofile(job["trained"])
    print("versions", tf.__version__, keras.__version__, flush=True)


main()
