"""Opens what Node has saved: Keras 3 and tf_keras. argv: folder."""
import json
import os
import sys
import warnings

os.environ["KERAS_BACKEND"] = "tensorflow"
warnings.simplefilter("ignore")
import keras
import numpy as np
import tf_keras

os.chdir(sys.argv[1])
x = np.linspace(-1, 1, 12).reshape(4, 3).astype("float32")
y = np.ones((4, 2), "float32")


def network(api):
    inputs = api.Input((3,), name="in")
    hidden = api.layers.Dense(5, activation="relu", name="wide")(inputs)
    return api.Model(inputs, api.layers.Dense(2, name="out")(hidden), name="net")


result = {}
for name in json.load(open("cases.json")):
    for api in (keras, tf_keras):
        if name.endswith(".keras") or "whole" in name:
            if name.endswith(".keras") and api is tf_keras:
                continue
            # Keras 3 refuses the optimizers of Keras 2 in an .h5; it could not train with them anyway.
            trains = name.endswith(".keras") or api is tf_keras
            model = api.models.load_model(name, compile=trains)
            first = np.array(model(x))
            if trains:
                # Tracing takes longer than everything else.
                model.run_eagerly = True
                model.fit(x, y, epochs=1, batch_size=4, shuffle=False, verbose=0)
                result[f"{name} {api.__name__} trained"] = np.array(model(x)).tolist()
        else:
            model = network(api)
            if name.endswith(".weights.h5"):
                model.compile(optimizer="adam", loss="mse")
            model.load_weights(name)
            first = np.array(model(x))
        result[f"{name} {api.__name__}"] = first.tolist()
print(json.dumps(result))
