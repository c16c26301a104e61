"""For killed.deep.test.ts: what TensorFlow's real manager makes of directories: `killed.py DIRECTORY:MAX_TO_KEEP…`, a
JSON line for each.
"""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import tensorflow as tf  # noqa: E402


def names(manager):
    return [os.path.basename(path) for path in manager.checkpoints]


for argument in sys.argv[1:]:
    directory, keep = argument.rsplit(":", 1)
    v = tf.Variable(tf.zeros([200_000]))
    step = tf.Variable(0, dtype=tf.int32)
    checkpoint = tf.train.Checkpoint(v=v, step=step)
    manager = tf.train.CheckpointManager(checkpoint, directory, max_to_keep=int(keep))
    found = names(manager)
    checkpoint.restore(manager.latest_checkpoint).assert_existing_objects_matched()
    restored = int(step)
    whole = bool(tf.reduce_all(v == float(restored)))
    saved = os.path.basename(manager.save())
    files = sorted(name for name in os.listdir(directory) if name.endswith(".index"))
    swept = {"checkpoints": names(manager), "files": files}
    print(json.dumps({"found": found, "restored": restored, "whole": whole, "saved": saved, "swept": swept}))
