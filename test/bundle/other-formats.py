"""Real files of other formats for other-formats.test.ts, and checkpoints under such names."""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
import tf_keras  # noqa: E402

os.chdir(sys.argv[1])
net = tf_keras.Sequential([tf_keras.layers.Dense(2, input_shape=(3,), name="d")])
net.save("legacy.h5")
net.save_weights("weights.hdf5")
net.save("legacy.keras")
new = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2)])
new.save("new.keras")
new.save_weights("new.weights.h5")
np.savez("plain.npz", a=np.ones(3))
np.savez_compressed("compressed.npz", a=np.ones(3))
np.savez("empty.npz")
np.save("one.npy", np.ones(3))
with open("lite.tflite", "wb") as file:
    file.write(tf.lite.TFLiteConverter.from_keras_model(net).convert())
for ending in ("h5", "keras", "safetensors", "npz", "pt"):
    tf.train.Checkpoint(v=tf.Variable([1.0, 2.0])).write("checkpoint." + ending)
