"""SavedModels with functions, by TensorFlow itself: what the proofs of functions must say of them is known. Into the
folder given as the first argument.
"""
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import numpy as np
import tensorflow as tf
import tf_keras


def spec(shape, name, dtype=tf.float32):
    return tf.TensorSpec(shape, dtype, name=name)


class Module(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable(np.arange(12, dtype="float32").reshape(4, 3) / 10 - 0.5, name="w")
        self.calls = tf.Variable(0.0, trainable=False, name="calls")

    @tf.function(input_signature=[spec([None, 4], "x")])
    def dense(self, x):
        return {"y": tf.nn.relu(x @ self.w)}

    @tf.function(input_signature=[spec([None, 4], "x")])
    def counted(self, x):
        self.calls.assign_add(1.0)
        return self.dense(x)

    @tf.function(input_signature=[spec([None], "a"), spec([None], "b", tf.int32)])
    def both(self, a, b):
        return {"total": tf.reduce_sum(a), "more": b + 1}


module = Module()
tf.saved_model.save(
    module, os.path.join(sys.argv[1], "module"), signatures={"serving_default": module.dense, "both": module.both}
)
layers = tf_keras.layers
model = tf_keras.Sequential(
    [
        layers.Dense(3, kernel_initializer="ones", input_shape=(4,), name="first"),
        layers.BatchNormalization(name="norm", momentum=0.9),
    ]
)
model.save(os.path.join(sys.argv[1], "model"))
