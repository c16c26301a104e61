"""SavedModels that are no models for TensorFlow.js, each for its own reason. Usage: not_loaded.py FOLDER"""
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import keras as keras3
import tensorflow as tf
import tf_keras as keras

FOLDER = sys.argv[1]
layers = keras.layers


def save(model, name):
    model.save(os.path.join(FOLDER, name), save_format="tf", save_traces=False)


@keras.utils.register_keras_serializable(package="shop")
class Scaled(layers.Layer):
    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, shape):
        self.gain = self.add_weight("gain", (shape[-1],), initializer="ones")

    def call(self, x):
        return x * self.gain * self.factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(2)

    def call(self, x):
        return self.dense(x)


class Module(tf.Module):
    def __init__(self):
        self.v = tf.Variable(1.0)


x = keras.Input((4, 6))
y = layers.GroupNormalization(2, name="norm")(x)
y = layers.Conv1DTranspose(4, 1, name="back")(y)
y = layers.Conv1DTranspose(4, 1, name="back_again")(y)
y = layers.Conv1D(4, 2, groups=2, name="grouped")(y)
y = layers.GlobalMaxPooling1D(data_format="channels_first", name="pool")(y)
y = layers.Dropout(0.5, name="monte_carlo")(y, training=True)
save(keras.Model(x, y), "lacking")

scaled = keras.Sequential([Scaled(3.0, name="scaled", input_shape=(3,)), layers.Dense(1, name="out")])
scaled.compile("sgd", lambda a, b: tf.reduce_mean(abs(a - b)), [keras.metrics.AUC(), "mae"], loss_weights=None)
scaled.get_layer("scaled").gain.assign([1.0, 2.0, 3.0])
save(scaled, "custom")

subclassed = Subclassed()
subclassed(tf.zeros((1, 3)))
save(subclassed, "subclassed")

exported = keras3.Sequential([keras3.layers.Input((3,)), keras3.layers.Dense(1)])
exported.export(os.path.join(FOLDER, "exported"), verbose=False)
exported.save(os.path.join(FOLDER, "model.keras"))
tf.saved_model.save(Module(), os.path.join(FOLDER, "module"))

with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    a = tf.compat.v1.placeholder(tf.float32, (None, 2))
    b = a * tf.compat.v1.get_variable("w", (2,))
    session.run(tf.compat.v1.global_variables_initializer())
    tf.compat.v1.saved_model.simple_save(session, os.path.join(FOLDER, "tf1"), {"a": a}, {"b": b})
tf.train.Checkpoint(v=tf.Variable(1.0)).save(os.path.join(FOLDER, "training", "ckpt"))
print(keras.models.load_model(os.path.join(FOLDER, "custom"), compile=False)(tf.ones((1, 3))).numpy().tolist()[0][0])
