"""What tf_keras and TensorFlow write for one model in ways other than save_weights of an uncompiled one.

Reads {"directory"} from the file given as the first argument and writes its answer, the model's weights, beside it.
"""
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import numpy as np
import tensorflow as tf
import tf_keras as keras


def change(model):
    random = np.random.default_rng(99)
    model.set_weights([random.uniform(0.1, 0.9, w.shape).astype(w.dtype) for w in model.get_weights()])


def digits():
    layers = keras.layers
    return keras.Sequential([
        layers.Conv2D(4, 3, activation="relu", input_shape=(8, 8, 1)),
        layers.BatchNormalization(),
        layers.MaxPooling2D(2),
        layers.Dropout(0.2),
        layers.Flatten(),
        layers.Dense(5, activation="relu"),
        layers.Dense(3, activation="softmax"),
    ])


def write(directory):
    model = digits()
    change(model)
    model.save_weights(os.path.join(directory, "automatic", "names"))
    answer = {"weights": [w.ravel().tolist() for w in model.get_weights()]}
    tf.train.Checkpoint(model=model).save(os.path.join(directory, "below", "ckpt"))
    tf.saved_model.save(model, os.path.join(directory, "saved_model"))
    reference = tf.compat.v1.train.Saver({w.name.split(":")[0]: w for w in model.weights})
    reference.save(None, os.path.join(directory, "names", "saver"), write_meta_graph=False)
    model.compile(keras.optimizers.Adam(0.0), "mse")
    model.fit(np.zeros((2, 8, 8, 1)), np.zeros((2, 3)), verbose=0)
    change(model)
    model.save_weights(os.path.join(directory, "compiled", "trained"))
    return answer


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        directory = json.load(file)["directory"]
    answer = write(directory)
    with open(sys.argv[1] + ".answer", "w", encoding="utf-8") as file:
        json.dump(answer, file)


main()
