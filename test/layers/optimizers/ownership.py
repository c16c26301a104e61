"""Real Keras's side of ownership.test.ts: the same trainings, in each generation of its optimizers."""

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
    "momentum": ("SGD", {"learning_rate": 0.05, "momentum": 0.9}),
    "exact Adam": ("Adam", {"learning_rate": 0.01, "amsgrad": True}),
    "exact RMSprop": ("RMSprop", {"learning_rate": 0.01, "momentum": 0.8, "centered": True}),
}
GENERATIONS = {
    "new": (tf_keras, tf_keras.optimizers),
    "legacy": (tf_keras, tf_keras.optimizers.legacy),
    "keras3": (keras3, keras3.optimizers),
}


def initial(shape, i):
    return np.linspace(-1, 1 + i, int(np.prod(shape)), dtype=np.float32).reshape(shape)


def dense(library, name):
    return library.layers.Dense(3, name=name)


def sequential(library, layers):
    model = library.Sequential([library.layers.Input((3,)), *layers])
    model.set_weights([initial(w.shape, i) for i, w in enumerate(model.get_weights())])
    return model


def nested(library):
    inner = library.Sequential([library.layers.Input((3,)), dense(library, "b"), dense(library, "c")], name="inner")
    return sequential(library, [dense(library, "a"), inner, dense(library, "d")])


class Training:
    def __init__(self, form, name, generation):
        library, optimizers = GENERATIONS[generation]
        kind, options = OPTIMIZERS[name]
        make = lambda: getattr(optimizers, kind)(**options)  # noqa: E731
        if form == "raw":
            w, b, u = (tf.Variable(initial(s, i)) for i, s in enumerate([[2], [3], [2]]))
            self.parts = [(make(), [w, b, u])]
            self.objects = {"w": w, "b": b, "u": u, "optimizer": self.parts[0][0]}
        elif form == "two":
            first, second = (sequential(library, [dense(library, "a"), dense(library, "b")]) for _ in range(2))
            self.parts = [(make(), model.trainable_variables) for model in (first, second)]
            self.objects = {"first": first, "second": second, "o1": self.parts[0][0], "o2": self.parts[1][0]}
        else:
            model = nested(library)
            if form == "frozen":
                model.layers[0].trainable = False
            self.parts = [(make(), model.trainable_variables)]
            self.objects = {"model": model, "optimizer": self.parts[0][0]}

    def checkpoint(self):
        return tf.train.Checkpoint(**self.objects)

    def build(self, generation):
        for optimizer, variables in self.parts:
            if generation == "legacy":
                # They make their variables when asked.
                optimizer.iterations  # noqa: B018
                optimizer._create_all_weights(variables)
            else:
                optimizer.build(variables)

    def train(self, first, last):
        for step in range(first, last):
            for optimizer, variables in self.parts:
                optimizer.apply_gradients([(gradient(step, i, v.shape), v) for i, v in enumerate(variables)])
        return [np.asarray(v).ravel().tolist() for _, variables in self.parts for v in variables]


def gradient(step, variable, shape):
    count = int(np.prod(shape))
    values = np.sin(np.arange(count) + step * 3 + variable) * 10.0 ** -(step % 4)
    return tf.constant(values.astype(np.float32).reshape(shape))


def schedule(generation):
    """An optimizer whose rate is no number."""
    library, optimizers = GENERATIONS[generation]
    model = nested(library)
    optimizer = optimizers.Adam(tf_keras.optimizers.schedules.ExponentialDecay(0.5, 1, 0.5))
    for i in range(3):
        optimizer.apply_gradients([(tf.ones(v.shape), v) for v in model.trainable_variables])
    tf.train.Checkpoint(model=model, optimizer=optimizer).save(f"{DIRECTORY}/python/schedule {generation}")


answer = {}
for form in ["nested", "frozen", "raw", "two"]:
    for name in OPTIMIZERS:
        for generation in GENERATIONS:
            if generation == "keras3" and (form == "raw" or ACTION == "read"):
                continue
            training = Training(form, name, generation)
            title = f"{form} {name} {generation}"
            if ACTION == "write":
                training.train(0, STEPS)
                training.checkpoint().save(f"{DIRECTORY}/python/{title}")
            else:
                training.build(generation)
                training.checkpoint().restore(f"{DIRECTORY}/node/{title}-1").assert_consumed()
            answer[title] = training.train(STEPS, 2 * STEPS)
if ACTION == "write":
    schedule("new")
    schedule("legacy")

with open(f"{DIRECTORY}/{ACTION}.json", "w", encoding="utf8") as file:
    json.dump(answer, file)
