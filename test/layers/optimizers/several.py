"""Real Keras's side of several.test.ts: a GAN whose discriminator is frozen, and twins with layers of the same names.
"""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras as keras3  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
import tf_keras  # noqa: E402

DIRECTORY, ACTION = sys.argv[1:]
LIBRARIES = {"new": tf_keras, "keras3": keras3}


def dense(library, name):
    return library.layers.Dense(3, name=name)


def network(library, *names):
    return library.Sequential([library.layers.Input((3,)), *(dense(library, name) for name in names)])


def optimizer(library):
    return library.optimizers.Adam(learning_rate=0.01)


def gan(library):
    generator, discriminator = network(library, "a", "b"), network(library, "a", "b")
    discriminator.compile(optimizer=optimizer(library), loss="mse")
    noise = library.layers.Input((3,))
    discriminator.trainable = False
    combined = library.Model(noise, discriminator(generator(noise)))
    combined.compile(optimizer=optimizer(library), loss="mse")
    objects = {"generator": generator, "discriminator": discriminator, "combined": combined}
    discriminator.trainable = True
    given = discriminator.trainable_variables, generator.trainable_variables
    discriminator.trainable = False
    return objects, [(discriminator.optimizer, given[0]), (combined.optimizer, given[1])]


def twins(library):
    one, two = network(library, "a", "b"), network(library, "a", "b")
    optimizers = optimizer(library), optimizer(library)
    objects = {"one": one, "two": two, "optimizerOne": optimizers[0], "optimizerTwo": optimizers[1]}
    return objects, list(zip(optimizers, (one.trainable_variables, two.trainable_variables)))


WORLDS = {"gan": gan, "twins": twins}


def moments(optimizer, variables):
    """The first moments, by variable: the optimizer itself is asked which is whose."""
    if hasattr(optimizer, "_index_dict"):
        indices = [optimizer._index_dict[optimizer._var_key(v)] for v in variables]
        return [optimizer._momentums[i].numpy().ravel().tolist() for i in indices]
    return [np.asarray(optimizer._momentums[optimizer._get_variable_index(v)]).ravel().tolist() for v in variables]


def value(world, number, place):
    return float(len(world) * 100 + number * 10 + place)


answer = {}
for world, make in WORLDS.items():
    for generation, library in LIBRARIES.items():
        if ACTION == "read" and generation == "keras3":
            continue
        objects, trained = make(library)
        for number, (one, variables) in enumerate(trained):
            one.build(variables)
            if ACTION == "write":
                gradients = [tf.fill(v.shape, value(world, number, i)) for i, v in enumerate(variables)]
                one.apply_gradients(zip(gradients, variables))
        title = f"{world} {generation}"
        checkpoint = tf.train.Checkpoint(**objects)
        if ACTION == "write":
            checkpoint.write(f"{DIRECTORY}/python/{title}")
        else:
            checkpoint.read(f"{DIRECTORY}/node/{title}").assert_existing_objects_matched()
        answer[title] = [moments(one, variables) for one, variables in trained]

with open(f"{DIRECTORY}/{ACTION}.json", "w", encoding="utf8") as file:
    json.dump(answer, file)
