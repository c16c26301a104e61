"""Trains on with the steps that functions of a SavedModel make. Reads directories, prints what the steps gave."""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf


def numbers(value):
    return np.asarray(value).tolist()


def steps(part, data, count):
    losses = [float(part.step(*data)) for _ in range(count)]
    return {"losses": losses, "weights": [numbers(one) for one in part.weights]}


job = json.load(sys.stdin)
data = [tf.constant(one, tf.float32) for one in job["data"]]
loaded = tf.saved_model.load(job["directory"])
answer = {"first": {}, "again": {}}
for name in job["names"]:
    answer["first"][name] = steps(getattr(loaded, name), data, 3)
tf.saved_model.save(loaded, job["again"])
loaded = tf.saved_model.load(job["again"])
for name in job["names"]:
    answer["again"][name] = steps(getattr(loaded, name), data, 2)
print(json.dumps(answer))
