"""Real TensorFlow for basic-pitch.test.ts: `basic_pitch.py give|take JOB`; JOB is a JSON file, the answer goes to
JOB.answer.

give: {"saved_model": directory}. Two notes played to the package's SavedModel: what its front end (which has no weights
in the checkpoint) hands to the layers behind it, and what the whole predicts.
take: {"saved_model", "from", "changed"}. The SavedModel restores what Node saved as `from` and predicts; then gets
other weights, saves them as `changed` and predicts again.
"""
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import numpy as np
import tensorflow as tf

RATE = 22050
SAMPLES = 43844
# Hertz, begin and end in seconds: A4 and C#5.
NOTES = ((440.0, 0.2, 0.9), (554.365, 1.1, 1.8))
OVERTONES = (1.0, 0.5, 0.3, 0.2)


def audio():
    seconds = np.arange(SAMPLES) / RATE
    wave = np.zeros(SAMPLES)
    for hertz, begin, end in NOTES:
        tone = sum(a * np.sin(2 * np.pi * hertz * (i + 1) * seconds) for i, a in enumerate(OVERTONES))
        wave += np.where((seconds >= begin) & (seconds < end), 0.2 * tone * np.exp(begin - seconds), 0)
    return tf.constant(wave.reshape(1, SAMPLES, 1).astype("float32"))


def plain(value):
    value = np.asarray(value)
    return {"shape": list(value.shape), "data": value.ravel().tolist()}


def predict(model):
    outputs = model.signatures["serving_default"](audio())
    return [plain(outputs[name]) for name in ("contour", "note", "onset")]


def front_end(model):
    value = audio()
    for number in (1, 2, 3):
        value = getattr(model, f"layer-{number}")(value)
    return tf.expand_dims(value, -1)


def layer_variables(model):
    """Those of the layers, without the optimizer's and the metrics'."""
    layers = [getattr(model, f"layer_with_weights-{number}") for number in range(9)]
    names = ("gamma", "beta", "moving_mean", "moving_variance", "kernel", "bias")
    return [getattr(layer, name) for layer in layers for name in names if hasattr(layer, name)]


def give(job):
    model = tf.saved_model.load(job["saved_model"])
    return {"input": plain(front_end(model)), "output": predict(model), "variables": len(layer_variables(model))}


def take(job):
    model = tf.saved_model.load(job["saved_model"])
    for variable in layer_variables(model):
        variable.assign(tf.fill(variable.shape, np.float32(np.nan)))
    # Not assert_consumed: the SavedModel also has an optimizer and metrics, which Node does not save.
    tf.train.Checkpoint(model).read(job["from"]).assert_nontrivial_match().expect_partial()
    before = predict(model)
    random = np.random.default_rng(7)
    for variable in layer_variables(model):
        variable.assign(variable * random.uniform(0.9, 1.1, variable.shape).astype("float32"))
    tf.train.Checkpoint(model).write(job["changed"])
    return {"before": before, "after": predict(model)}


def main():
    with open(sys.argv[2], encoding="utf-8") as file:
        job = json.load(file)
    answer = {"give": give, "take": take}[sys.argv[1]](job)
    with open(sys.argv[2] + ".answer", "w", encoding="utf-8") as file:
        json.dump(answer, file)


main()
