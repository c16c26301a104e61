"""Checkpoints for test/layers/reading.test.ts, written in one process by Keras 3, tf_keras and TensorFlow.

Arguments: the directory to write to, and the names of the architectures that are written as SavedModels, too. Prints
nothing; `answer.json` in it has, for each file, the model's inputs and outputs.
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
from reading_models import MODELS, Subclassed

LIBRARIES = {"keras3": keras3, "tf_keras": tf_keras}
# TensorFlow refuses: Keras 3 does not track the seed of an LSTM with dropout.
UNSAVABLE = {("keras3", "words")}
ANSWER = []


def change(model, seed):
    random = np.random.default_rng(seed)
    for variable in model.weights:
        low = 0.2 if "variance" in variable.name else -0.5
        variable.assign(random.uniform(low, 0.6, variable.shape).astype("float32"))


def record(name, file, inputs, outputs):
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    ANSWER.append({
        "model": name,
        "file": file,
        "inputs": [{"shape": i.shape, "data": i.ravel().tolist()} for i in inputs],
        "outputs": [np.asarray(o).ravel().tolist() for o in outputs],
    })


def inputs_of(model, seed):
    random = np.random.default_rng(seed)
    shapes = [[2 if size is None else size for size in tensor.shape] for tensor in model.inputs]
    # Whole numbers serve as indexes as well.
    return [random.integers(0, 4, shape).astype("float32") for shape in shapes]


def save(library, name, model, inputs, outputs):
    def place(how):
        file = os.path.join(library, name, how)
        record(name, file, inputs, outputs)
        return file

    if (library, name) not in UNSAVABLE:
        tf.saved_model.save(model, place("saved_model"))
        model.export(place("export"), **({"verbose": False} if library == "keras3" else {}))
    if library == "tf_keras":
        model.save(place("save"), save_format="tf")


def run(library, name, number):
    K = LIBRARIES[library]
    K.backend.clear_session()
    model = MODELS[name](K)
    change(model, number)
    inputs = inputs_of(model, number)
    outputs = model(inputs if len(inputs) > 1 else inputs[0], training=False)

    def write(how, **children):
        file = os.path.join(library, name, how, "w")
        tf.train.Checkpoint(**children).write(file)
        record(name, file, inputs, outputs)

    write("model", model=model)
    write("root", root=model)
    write("net", net=model, epoch=tf.Variable(3))
    if name in sys.argv[2:]:
        save(library, name, model, inputs, outputs)
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    write("compiled", model=model)
    write("trained", model=model, optimizer=model.optimizer)


def subclassed(library):
    K = LIBRARIES[library]
    K.backend.clear_session()
    model = Subclassed(K)
    inputs = [np.random.default_rng(5).uniform(size=(2, 4)).astype("float32")]
    model(inputs[0])
    change(model, 77)
    file = os.path.join(library, "subclassed", "w")
    tf.train.Checkpoint(model=model).write(file)
    record("subclassed", file, inputs, model(inputs[0], training=False))


def several(library):
    K = LIBRARIES[library]
    K.backend.clear_session()

    def dense(*units, seed):
        model = K.Sequential([K.layers.Input((3,)), *(K.layers.Dense(n) for n in units)])
        change(model, seed)
        return model

    generator, discriminator = dense(5, 4, seed=1), dense(4, 1, seed=2)
    inputs = [np.random.default_rng(6).uniform(size=(2, 3)).astype("float32")]
    file = os.path.join(library, "gan", "w")
    tf.train.Checkpoint(generator=generator, discriminator=discriminator).write(file)
    record("generator", file, inputs, generator(inputs[0]))
    record("discriminator", file, inputs, discriminator(inputs[0]))
    policy, target = dense(5, 4, seed=3), dense(5, 4, seed=4)
    file = os.path.join(library, "twins", "w")
    tf.train.Checkpoint(policy=policy, target=target).write(file)
    record("policy", file, inputs, policy(inputs[0]))
    record("target", file, inputs, target(inputs[0]))


def main():
    os.chdir(sys.argv[1])
    for library in LIBRARIES:
        for number, name in enumerate(MODELS):
            run(library, name, number)
        subclassed(library)
        several(library)
    with open("answer.json", "w", encoding="utf-8") as file:
        json.dump(ANSWER, file)


main()
