"""Keras's own configurations of models, as Keras 3 and tf_keras write them into their files, for Node to make the
same models from.

Usage: configs.py FOLDER SET. Writes FOLDER/answer.json: for each model of the set and each form, the configuration as
it stands in the file, the weights of each layer, what the model predicts, and what it predicts after STEPS steps.
"""
import json
import os
import sys
import traceback
import warnings
import zipfile

import h5py
import keras as keras3
import numpy as np
import tensorflow as tf
import tf_keras

import configs_models

STEPS = 3


def numbers(tensors):
    return [{"shape": list(np.shape(t)), "data": np.asarray(t, "float64").ravel().tolist()} for t in tensors]


def leaves(layer):
    """Layers that hold no others, in order."""
    if hasattr(layer, "layers"):
        return [leaf for inner in layer.layers for leaf in leaves(inner)]
    if hasattr(layer, "forward_layer"):
        return leaves(layer.forward_layer) + leaves(layer.backward_layer)
    if type(layer).__name__ == "TimeDistributed":
        return leaves(layer.layer)
    return [layer]


def weights(model):
    return [numbers([w for w in leaf.weights if "seed" not in w.name]) for leaf in leaves(model) if leaf.weights]


def stored(model, form, path):
    """The texts in the file that say what the model is."""
    if form.endswith("h5"):
        model.save(path + ".h5")
        with h5py.File(path + ".h5") as file:
            text = {key: file.attrs.get(key) for key in ["model_config", "training_config"]}
        text = {key: one.decode() if isinstance(one, bytes) else one for key, one in text.items()}
        return {"config": text["model_config"], "training": text["training_config"]}
    model.save(path + ".keras")
    with zipfile.ZipFile(path + ".keras") as file:
        return {"config": file.read("config.json").decode()}


def as_given(tensors):
    return tensors if len(tensors) != 1 else tensors[0]


def predict(model, inputs):
    return numbers(tf.nest.flatten(model(as_given(inputs), training=False)))


def run(folder, name, form, make):
    keras = keras3 if form.startswith("keras") else tf_keras
    keras.backend.clear_session()
    keras.utils.set_random_seed(7)
    model, inputs, targets = make(keras)
    # So that biases and statistics are not what a new layer has.
    random = np.random.default_rng(3)
    model.set_weights([w if w.dtype.kind != "f" else w + random.uniform(0, 0.2, w.shape).astype(w.dtype)
                       for w in model.get_weights()])
    for layer in leaves(model):
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()
    answer = {"form": form, "weights": weights(model), "inputs": numbers(inputs), "outputs": predict(model, inputs),
              "types": [str(np.asarray(i).dtype) for i in inputs], "targets": numbers(targets or [])}
    answer.update(stored(model, form, os.path.join(folder, "model")))
    if targets is not None:
        # A graph takes longer to make than these steps; and tf_keras's Nadam is another one there.
        model.run_eagerly = True
        for _ in range(STEPS):
            model.train_on_batch(as_given(inputs), as_given(targets))
        answer["trained"] = predict(model, inputs)
    return answer


def attempt(folder, name, form, make):
    try:
        return run(folder, name, form, make)
    except Exception:
        return {"form": form, "error": traceback.format_exc(limit=-4)[-3000:]}


def main():
    folder, which = sys.argv[1:3]
    warnings.simplefilter("ignore")
    answer = {}
    for name, (forms, make) in getattr(configs_models, which)().items():
        for form in forms:
            answer[f"{name} ({form})"] = attempt(folder, name, form, make)
    with open(os.path.join(folder, "answer.json"), "w") as file:
        json.dump(answer, file)


main()
