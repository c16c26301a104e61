"""Real Keras's side of optimizers.test.ts: the same steps, in each generation of its optimizers."""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras as keras3  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
import tf_keras  # noqa: E402

DIRECTORY, ACTION = sys.argv[1:]
STEPS = 5
OPTIMIZERS = {
    "sgd": ("SGD", {"learning_rate": 0.1}),
    "momentum": ("SGD", {"learning_rate": 0.05, "momentum": 0.9}),
    "nesterov": ("SGD", {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True}),
    "adagrad": ("Adagrad", {"learning_rate": 0.1}),
    "adadelta": ("Adadelta", {"learning_rate": 0.001}),
    "adam": ("Adam", {"learning_rate": 0.01}),
    "adamax": ("Adamax", {"learning_rate": 0.01}),
    "rmsprop": ("RMSprop", {"learning_rate": 0.01}),
    "rmsprop momentum": ("RMSprop", {"learning_rate": 0.01, "momentum": 0.8}),
    "exact SGD": ("SGD", {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True}),
    "exact Adagrad": ("Adagrad", {"learning_rate": 0.1}),
    "exact Adadelta": ("Adadelta", {"learning_rate": 1.0}),
    "exact Adam": ("Adam", {"learning_rate": 0.01}),
    "exact Adam amsgrad": ("Adam", {"learning_rate": 0.01, "amsgrad": True}),
    "exact AdamW": ("AdamW", {"learning_rate": 0.01}),
    "exact Adamax": ("Adamax", {"learning_rate": 0.01}),
    "exact Nadam": ("Nadam", {"learning_rate": 0.01}),
    "exact SGD with clipnorm": ("SGD", {"learning_rate": 0.05, "momentum": 0.5, "clipnorm": 0.3}),
    "exact Adam with globalClipnorm": ("Adam", {"learning_rate": 0.01, "global_clipnorm": 0.5}),
    "exact Adagrad with clipvalue": ("Adagrad", {"learning_rate": 0.1, "clipvalue": 0.2}),
    "exact RMSprop with weightDecay": ("RMSprop", {"learning_rate": 0.01, "weight_decay": 0.1}),
    "exact RMSprop": ("RMSprop", {"learning_rate": 0.01, "momentum": 0.8, "centered": True}),
}
GENERATIONS = {
    "new": (tf_keras, tf_keras.optimizers),
    "legacy": (tf_keras, tf_keras.optimizers.legacy),
    "keras3": (keras3, keras3.optimizers),
}


def start(name, generation):
    library, optimizers = GENERATIONS[generation]
    kind, options = OPTIMIZERS[name]
    model = library.Sequential([library.layers.Input((3,)), library.layers.Dense(2, name="d")])
    model.set_weights([np.linspace(-1, 1, 6, dtype=np.float32).reshape(3, 2), np.float32([0.5, -0.5])])
    return model, getattr(optimizers, kind)(**options)


def gradient(step, variable, shape):
    count = int(np.prod(shape))
    scale = 10.0 ** -(step % 4)
    return (np.sin(np.arange(count) + step * 3 + variable) * scale).astype(np.float32).reshape(shape)


def train(model, optimizer, first, last):
    for step in range(first, last):
        variables = [getattr(v, "value", v) if hasattr(v, "assign") else v for v in model.trainable_variables]
        pairs = [(tf.constant(gradient(step, i, v.shape)), v) for i, v in enumerate(model.trainable_variables)]
        optimizer.apply_gradients(pairs)
        del variables
    return [np.asarray(w).ravel().tolist() for w in model.get_weights()]


def has(name, generation):
    if generation == "legacy" and " with " in name:
        return False
    return hasattr(GENERATIONS[generation][1], OPTIMIZERS[name][0])


answer = {}
for name in OPTIMIZERS:
    for generation in GENERATIONS:
        if not has(name, generation):
            continue
        model, optimizer = start(name, generation)
        if ACTION == "write":
            train(model, optimizer, 0, STEPS)
            # As in a program that goes on: the counter exists.
            tf.train.Checkpoint(model=model, optimizer=optimizer).save(f"{DIRECTORY}/python/{name} {generation}")
            answer[f"{name} {generation}"] = train(model, optimizer, STEPS, 2 * STEPS)
        elif generation != "keras3":
            optimizer.build(model.trainable_variables) if generation == "new" else None
            checkpoint = tf.train.Checkpoint(model=model, optimizer=optimizer)
            status = checkpoint.restore(f"{DIRECTORY}/node/{name} {generation}-1")
            if generation == "legacy":
                optimizer.iterations  # noqa: B018  (legacy optimizers make their variables when asked)
                optimizer._create_all_weights(model.trainable_variables)
            status.assert_consumed()
            answer[f"{name} {generation}"] = train(model, optimizer, STEPS, 2 * STEPS)

with open(f"{DIRECTORY}/{ACTION}.json", "w", encoding="utf8") as file:
    json.dump(answer, file)
