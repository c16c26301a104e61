"""For shared-directory.test.ts: TensorFlow's own manager and readers in a directory where others save too; then Keras's
save_weights there.
"""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import tensorflow as tf  # noqa: E402
import tf_keras  # noqa: E402

run = sys.argv[1]
name = os.path.basename
state = tf.train.get_checkpoint_state(run)
answer = {
    "latest": name(tf.train.latest_checkpoint(run)),
    "all": [name(path) for path in state.all_model_checkpoint_paths],
}
v = tf.Variable(0.0)
checkpoint = tf.train.Checkpoint(v=v)
manager = tf.train.CheckpointManager(checkpoint, run, max_to_keep=2)
answer["checkpoints"] = [name(path) for path in manager.checkpoints]
checkpoint.restore(manager.checkpoints[-1]).assert_consumed()
answer["restored"] = float(v)
v.assign(40.0)
answer["saved"] = name(manager.save())
model = tf_keras.Sequential([tf_keras.layers.Dense(1, input_shape=(1,))])
model.save_weights(os.path.join(run, "weights"))
answer["left"] = sorted(file[:-6] for file in os.listdir(run) if file.endswith(".index"))
print(json.dumps(answer))
