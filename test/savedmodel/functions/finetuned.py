"""What Python makes of the functions of models that Node saved: it trains them. Reads a JSON job, writes its answer
beside it. Job: {"models": [{"name", "dir", "inputs": [shape], "steps"}]}
"""
import json
import os
import sys
import traceback

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tensorflow as tf


def given(shapes):
    generator = np.random.default_rng(3)
    made = [tf.constant(generator.uniform(-1, 1, shape), tf.float32) for shape in shapes]
    return made if len(made) > 1 else made[0]


def loss_of(outputs):
    """Each output is to be 2 everywhere."""
    return tf.add_n([tf.reduce_mean(tf.square(one - 2.0)) for one in tf.nest.flatten(outputs)])


def finetune(model):
    loaded = tf.saved_model.load(model["dir"])
    inputs = given(model["inputs"])
    variables = {variable.name: variable for variable in loaded.variables}
    before = {name: variable.numpy() for name, variable in variables.items()}
    first = loss_of(loaded(inputs))
    optimizer = keras.optimizers.SGD(0.05)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = loss_of(loaded(inputs, training=True))
        gradients = tape.gradient(loss, loaded.trainable_variables)
        optimizer.apply(gradients, loaded.trainable_variables)

    for _ in range(model["steps"]):
        step()
    modes = [True, True, False, False]
    calls = [[one.numpy() for one in tf.nest.flatten(loaded(inputs, training=training))] for training in modes]
    same = [all(np.array_equal(a, b) for a, b in zip(calls[i], calls[i + 1])) for i in [0, 2]]
    return {
        "losses": [float(first), float(loss_of(loaded(inputs)))],
        "variables": list(variables),
        "trainable": [variable.name for variable in loaded.trainable_variables],
        "moved": [name for name, variable in variables.items() if np.any(variable.numpy() != before[name])],
        "random": not same[0],
        "repeatable": same[1],
    }


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    answer = {}
    for model in job["models"]:
        try:
            answer[model["name"]] = finetune(model)
        except Exception:
            answer[model["name"]] = {"error": traceback.format_exc(limit=-6)[-3000:]}
    with open(sys.argv[1] + ".answer", "w", encoding="utf-8") as file:
        json.dump(answer, file)


main()
