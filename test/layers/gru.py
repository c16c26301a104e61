"""Keras's GRU with reset_after=True, of tf_keras and of Keras 3, for gru.test.ts; one process.

Job: {"directory", "inputs", "targets", "steps", "ours": [{"name", "json", "loss"}]}. For every library: a model's JSON,
its weights, what it predicts, what it predicts after `steps` steps of training, and its trained weights. For every
model of Node: what tf_keras makes of its JSON and weights, the same way.
"""
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import keras as keras3
import numpy as np
import tensorflow as tf
import tf_keras as keras2

import cpu_only  # noqa: F401


def network(K):
    L = K.layers
    return K.Sequential([
        K.Input((5, 3)),
        L.Masking(0.0),
        L.GRU(4, return_sequences=True, name="first"),
        L.Bidirectional(L.GRU(3, return_sequences=True), name="both"),
        L.GRU(2, activation="relu", go_backwards=True, kernel_regularizer=K.regularizers.L1L2(l2=0.01), name="last"),
        L.Dense(2, name="head"),
    ])


def stateful():
    L = keras2.layers
    return keras2.Sequential([
        L.InputLayer(batch_input_shape=(4, 5, 3)),
        L.Masking(0.0),
        L.GRU(3, return_sequences=True, stateful=True, name="s"),
        L.GRU(2, return_sequences=True, go_backwards=True, stateful=True, name="t"),
        L.Bidirectional(L.GRU(2, return_sequences=True), name="b"),
        L.GRU(3, return_sequences=True, zero_output_for_mask=True, name="z"),
    ])


def change(model, seed):
    random = np.random.default_rng(seed)
    model.set_weights([random.uniform(-0.7, 0.7, w.shape).astype("float32") for w in model.get_weights()])


def numbers(value):
    return np.asarray(value, "float64").ravel().tolist()


def train(K, model, x, y, steps):
    """By hand, so that neither library adds anything to the model; the regularizers' losses count."""
    optimizer = K.optimizers.Adam(0.01)
    for _ in range(steps):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(y - model(x, training=True)))
            if model.losses:
                loss += tf.add_n(model.losses)
        variables = [getattr(v, "value", v) if K is keras3 else v for v in model.trainable_variables]
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return float(loss)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    at = lambda *parts: os.path.join(job["directory"], *parts)
    x, y = tf.constant(job["inputs"], tf.float32), tf.constant(job["targets"], tf.float32)
    answer = {"theirs": [], "ours": {}}
    for i, (name, K) in enumerate([("keras2", keras2), ("keras3", keras3)]):
        model = network(K)
        change(model, i)
        found = {"name": name, "json": model.to_json(), "before": numbers(model(x))}
        tf.train.Checkpoint(model=model).write(at(name))
        found["loss"] = train(K, model, x, y, job["steps"])
        found["after"] = numbers(model(x))
        found["weights"] = [numbers(w) for w in model.get_weights()]
        answer["theirs"].append(found)
    model = stateful()
    change(model, 7)
    model.save_weights(at("stateful"))
    answer["stateful"] = {"json": model.to_json(), "runs": [numbers(model(x)), numbers(model(tf.reverse(x, [0])))]}
    for given in job["ours"]:
        model = keras2.models.model_from_json(given["json"])
        model.load_weights(at(given["name"])).assert_consumed()
        found = {"before": numbers(model(x))}
        found["loss"] = train(keras2, model, x, y, job["steps"])
        found["after"] = numbers(model(x))
        found["weights"] = [numbers(w) for w in model.get_weights()]
        answer["ours"][given["name"]] = found
    with open(sys.argv[1] + ".answer", "w", encoding="utf-8") as file:
        json.dump(answer, file)


main()
