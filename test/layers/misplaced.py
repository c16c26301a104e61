"""Checkpoints for test/layers/misplaced.test.ts, written in one process by tf_keras, Keras 3 and TensorFlow.

Arguments: the directory to write to, and the kinds of layers. `answer.json` in it has the outputs of each model, and
what tf_keras makes of moved positions.
"""
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras as keras3
import numpy as np
import tensorflow as tf
import tf_keras

import cpu_only  # noqa: F401

X = np.linspace(-1, 1, 24, dtype="float32").reshape(2, 4, 3)
ANSWER = {}


def branches(K, kind, names, dropout=False):
    """Two branches of equal layers side by side; a Dropout in the second moves the first behind it."""
    L = K.layers

    def layer(name):
        named = {} if name is None else {"name": name}
        if kind == "lstm":
            return L.LSTM(4, **named)
        if kind == "bidirectional":
            return L.Bidirectional(L.LSTM(2), **named)
        if kind == "distributed":
            return L.TimeDistributed(L.Dense(4, name=f"in_{name}"), **named)
        if kind == "nested":
            return K.Sequential([L.Dense(4, activation="tanh", name="same")], **named)
        return L.Dense(4, activation="tanh", **named)

    inputs = L.Input((4, 3))
    a, b = layer(names[0])(inputs), layer(names[1])(inputs)
    if dropout:
        b = L.Dropout(0.5)(b)
    return K.Model(inputs, L.Concatenate()([a, b]))


def fill(model, seed):
    random = np.random.default_rng(seed)
    for variable in model.weights:
        variable.assign(random.uniform(-0.6, 0.6, variable.shape).astype("float32"))
    return np.asarray(model(X)).ravel().tolist()


def main():
    os.chdir(sys.argv[1])
    for number, kind in enumerate(sys.argv[2:]):
        for library, K in {"tf_keras": tf_keras, "keras3": keras3}.items():
            K.backend.clear_session()
            model = branches(K, kind, "ab")
            path = f"{library}/{kind}"
            ANSWER[path] = fill(model, number)
            if K is keras3:
                tf.train.Checkpoint(model=model).write(f"{path}/w")
                continue
            model.save_weights(f"{path}/w")
            # tf_keras itself, into a model with one more Dropout.
            other = branches(K, kind, "ab", dropout=True)
            other.load_weights(f"{path}/w").assert_consumed()
            ANSWER[f"{path} moved"] = np.asarray(other(X)).ravel().tolist()
    K = tf_keras
    K.backend.clear_session()
    K.layers.Dense(1)
    later = branches(K, "dense", [None, None])
    ANSWER["later"] = fill(later, 20)
    ANSWER["later names"] = [layer.name for layer in later.layers if layer.weights]
    later.save_weights("later/w")
    model = branches(K, "dense", "ab")
    ANSWER["forms"] = fill(model, 21)
    model.save("saved", save_format="tf")
    model.export("exported")
    tf.train.Checkpoint(net=model, step=tf.Variable(1)).write("below/w")
    saver = tf.compat.v1.train.Saver({v.name.split(":")[0]: v for v in model.weights})
    saver.save(None, "saver/w", write_meta_graph=False)
    model.compile(K.optimizers.SGD(0.0, momentum=0.5), "mse")
    model.fit(X, np.ones((2, 4, 8), "float32"), verbose=0)
    model.save_weights("trained/w")
    with open("answer.json", "w", encoding="utf-8") as file:
        json.dump(ANSWER, file)


main()
