"""Every form in which Keras writes a model or its weights. argv: folder."""
import os
import shutil
import sys
import zipfile

os.environ["KERAS_BACKEND"] = "tensorflow"
import h5py
import keras
import numpy as np
import tf_keras
from keras.src.saving import saving_lib

os.chdir(sys.argv[1])


def network(api):
    api.utils.set_random_seed(7)
    inputs = api.Input((3,), name="in")
    x = api.layers.Dense(200, activation="relu", name="wide")(inputs)
    outputs = api.layers.Dense(2, name="out")(x)
    model = api.Model(inputs, outputs, name="net")
    model.compile(optimizer="adam", loss="mse", run_eagerly=True)
    x = np.linspace(-1, 1, 12).reshape(4, 3).astype("float32")
    model.fit(x, np.ones((4, 2), "float32"), epochs=1, verbose=0)
    return model


x = np.linspace(-1, 1, 12).reshape(4, 3).astype("float32")
model = network(keras)
model.save("k3.keras")
model.save_weights("k3.weights.h5")
# Two files: the wide kernel alone is larger than half of the others.
model.save_weights("divided.weights.json", max_shard_size=4000 / 1024**3)
saving_lib.save_model(model, "unpacked", zipped=False)
with open("numpy.keras", "wb") as file:
    saving_lib._save_model_to_fileobj(model, file, "npz")
model.save("k3.h5")

with zipfile.ZipFile("k3.keras") as source:
    with zipfile.ZipFile("deflated.keras", "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
        target.writestr("assets/layers/vocabulary.txt", "a\nb\n")
    with zipfile.ZipFile("headless.keras", "w") as target:
        target.writestr("model.weights.h5", source.read("model.weights.h5"))
    with zipfile.ZipFile("weightless.keras", "w") as target:
        target.writestr("config.json", source.read("config.json"))

other = network(tf_keras)
other.save("k2.keras")
other.save("k2.h5")
other.save_weights("k2-weights.h5")
other.save_weights("k2.weights.h5")

# tf_keras fails when two variables of one group have the same name, and leaves what it wrote.
half = tf_keras.Sequential([tf_keras.layers.Dense(3, name="d", input_shape=(3,))], name="half")
again = tf_keras.Sequential([tf_keras.layers.Dense(3, name="d", input_shape=(3,))], name="again")
twice = tf_keras.Sequential([tf_keras.Sequential([half, again], name="both")])
try:
    twice.save("twice.h5")
    raise AssertionError("tf_keras saved it")
except ValueError as error:
    assert "name already exists" in str(error)

# Keras writes a layer that two models share once, does not say that it is shared, and cannot load the file itself.
inputs = [keras.Input((3,)) for _ in range(3)]
wide = keras.layers.Dense(4, name="wide")
halves = [keras.Model(inputs[0], wide(inputs[0])), keras.Model(inputs[1], keras.layers.Dense(2)(wide(inputs[1])))]
keras.Model(inputs[2], [half(inputs[2]) for half in halves]).save("shared.keras")

# A state of the optimizer that does not fit the model.
shutil.copy("k2.h5", "unfit.h5")
with h5py.File("unfit.h5", "a") as file:
    group = file["optimizer_weights"]
    name = group.attrs["weight_names"][-1]
    del group[name]
    group.create_dataset(name, data=np.zeros(7, "float32"))

# Models that were never trained, or never compiled, and one whose learning rate follows a schedule.
for api in (keras, tf_keras):

    def save(name):
        for ending in ("keras", "h5"):
            bare.save(f"{api.__name__}.{name}.{ending}")

    bare = api.Sequential([api.layers.Input((3,)), api.layers.Dense(2, name="d")], name="bare")
    save("bare")
    bare.compile(optimizer=api.optimizers.Adam(0.01), loss="mse")
    save("fresh")
    schedule = api.optimizers.schedules.ExponentialDecay(0.5, decay_steps=2, decay_rate=0.5)
    bare.compile(optimizer=api.optimizers.SGD(schedule, momentum=0.9), loss="mse", run_eagerly=True)
    bare.fit(x, np.ones((4, 2), "float32"), epochs=4, verbose=0)
    save("schedule")
