"""Plays scenarios, given as JSON on stdin, to tf_keras's EarlyStopping and prints what it did at each epoch."""
import json
import sys

import tf_keras


class Model:
    """What the callback needs of one: a flag, and weights that tell the epoch."""

    def __init__(self):
        self.stop_training = False
        self.weights = None

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights


results = []
for scenario in json.load(sys.stdin):
    callback = tf_keras.callbacks.EarlyStopping(**scenario["options"])
    model = Model()
    callback.set_model(model)
    callback.on_train_begin()
    stops = []
    for epoch, logs in enumerate(scenario["epochs"]):
        model.weights = epoch
        callback.on_epoch_end(epoch, {name: float(value) for name, value in logs.items()})
        stops.append(model.stop_training)
    callback.on_train_end()
    best, stopped = str(float(callback.best)), callback.stopped_epoch
    results.append({"stops": stops, "best": best, "stopped": stopped, "weights": model.weights})
print(json.dumps(results))
