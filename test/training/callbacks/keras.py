"""For model-checkpoint.test.ts: scenarios as JSON on stdin; which saves tf_keras's real ModelCheckpoint makes in each,
as JSON on stdout.
"""

import json
import os
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np  # noqa: E402
import tf_keras  # noqa: E402


class Model(tf_keras.Sequential):
    """Only its saving is watched; what it saves is another test's matter."""

    saves = []

    def save_weights(self, path, **_):
        self.saves.append(path)

    def save(self, path, **_):
        self.saves.append(path)


def numbers(logs):
    return {name: float(value) for name, value in logs.items()}


def run(scenario):
    model = Model([tf_keras.layers.Dense(1)])
    model.saves = []
    callback = tf_keras.callbacks.ModelCheckpoint(**scenario["options"])
    callback.set_model(model)
    saved = []
    for event in scenario["events"]:
        before = len(model.saves)
        error = None
        try:
            getattr(callback, event["hook"])(event["number"], numbers(event["logs"]))
        except KeyError:
            error = "KeyError"
        saved.append({"saves": model.saves[before:], "error": error, "best": str(np.float64(callback.best))})
    return saved


with tempfile.TemporaryDirectory() as directory:
    os.chdir(directory)
    print(json.dumps([run(scenario) for scenario in json.load(sys.stdin)]))
