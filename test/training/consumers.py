"""What TensorFlow does with a checkpoint that holds keys outside its object graph; see consumers.test.ts."""

import json
import os
import shutil
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import tensorflow as tf  # noqa: E402
import tf_keras as keras  # noqa: E402

directory, prefix = sys.argv[1:]
EXTRA = ".TENSORBUNDLE/"
KERNEL = "model/layer_with_weights-0/kernel/.ATTRIBUTES/VARIABLE_VALUE"
answer = {}


def model():
    return keras.Sequential([keras.layers.Dense(2, input_shape=(3,), name="d")])


def checkpoint():
    net = model()
    optimizer = keras.optimizers.Adam()
    optimizer.build(net.trainable_variables)
    return tf.train.Checkpoint(model=net, optimizer=optimizer)


reader = tf.train.load_checkpoint(prefix)
shapes = reader.get_variable_to_shape_map()
extras = sorted(name for name in shapes if name.startswith(EXTRA))
kernel = reader.get_tensor(KERNEL)
answer["extras"] = extras
answer["kernel"] = kernel.ravel().tolist()


def same(value):
    return bool((value == kernel).all())


answer["load_checkpoint"] = all(reader.get_tensor(name) is not None for name in shapes)
answer["list_variables"] = len(tf.train.list_variables(prefix)) == len(shapes)
answer["RestoreV2"] = same(tf.raw_ops.RestoreV2(
    prefix=prefix, tensor_names=[KERNEL], shape_and_slices=[""], dtypes=[tf.float32])[0].numpy())

live = checkpoint()
live.restore(prefix).assert_consumed()
answer["Checkpoint.restore"] = same(live.model.layers[0].kernel.numpy())
live = checkpoint()
live.read(prefix).assert_existing_objects_matched()
answer["Checkpoint.read"] = same(live.model.layers[0].kernel.numpy())

net = model()
net.compile(keras.optimizers.Adam())
weights = os.path.join(directory, "weights")
net.load_weights(weights)
answer["load_weights"] = same(net.layers[0].kernel.numpy()) and int(net.optimizer.iterations) == 3

# Writers: a merge keeps what it does not know, a manager sweeps it, a removal removes it.
merged = os.path.join(directory, "merged")
copies = []
for i in range(2):
    part = os.path.join(directory, f"part{i}")
    tf.raw_ops.SaveV2(prefix=part, tensor_names=[f"own{i}"], shape_and_slices=[""], tensors=[tf.constant([float(i)])])
    copies.append(part)
for ending in (".index", ".data-00000-of-00001"):
    shutil.copy(prefix + ending, os.path.join(directory, "ours" + ending))
copies.append(os.path.join(directory, "ours"))
tf.raw_ops.MergeV2Checkpoints(
    checkpoint_prefixes=copies, destination_prefix=merged, delete_old_dirs=False)
names = tf.train.load_checkpoint(merged).get_variable_to_shape_map()
answer["MergeV2Checkpoints"] = set(shapes) < set(names) and "own1" in names

with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    variable = tf.compat.v1.get_variable("v", shape=kernel.shape)
    tf.compat.v1.train.Saver({KERNEL: variable}).restore(session, prefix)
    answer["Saver"] = same(session.run(variable))

manager = tf.train.CheckpointManager(live, os.path.dirname(prefix), max_to_keep=1)
live.restore(prefix)
saved = manager.save()
answer["CheckpointManager"] = not os.path.exists(prefix + ".index") and os.path.exists(saved + ".index")
answer["left"] = sorted(name for name in os.listdir(os.path.dirname(prefix)))
answer["extras after Python"] = [
    name for name in tf.train.load_checkpoint(saved).get_variable_to_shape_map() if name.startswith(EXTRA)]
tf.compat.v1.train.remove_checkpoint(weights)
answer["remove_checkpoint"] = not os.path.exists(weights + ".index")

with open(os.path.join(directory, "answer.json"), "w", encoding="utf8") as file:
    json.dump(answer, file)
