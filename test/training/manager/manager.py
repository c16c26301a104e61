"""TensorFlow's real CheckpointManager, driven by the commands of manager.test.ts: one JSON line in, one out, for each
command.
"""

import json
import os
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import tensorflow as tf  # noqa: E402

clock = 0.0
time.time = lambda: clock


class Session:
    def __init__(self, directory, options):
        self.variable = tf.Variable(0.0)
        self.step = tf.Variable(0, dtype=tf.int64)
        self.checkpoint = tf.train.Checkpoint(v=self.variable)
        if "checkpoint_interval" in options:
            options = {**options, "step_counter": self.step}
        self.manager = tf.train.CheckpointManager(self.checkpoint, directory, **options)


def state(session, result):
    manager = session.manager
    relative = lambda path: path and os.path.relpath(path, manager.directory)  # noqa: E731
    return {
        "result": relative(result),
        "latest": relative(manager.latest_checkpoint),
        "checkpoints": [relative(path) for path in manager.checkpoints],
        "counter": int(session.checkpoint.save_counter),
        "value": float(session.variable),
    }


session = None
for line in sys.stdin:
    command = json.loads(line)
    kind = command["kind"]
    clock = command["clock"]
    result = None
    if kind == "start":
        session = Session(command["directory"], command["options"])
        if command.get("restore"):
            result = session.manager.restore_or_initialize()
    elif kind == "save":
        session.variable.assign(command["value"])
        session.step.assign(command["step"])
        result = session.manager.save(
            checkpoint_number=command.get("number"), check_interval=command.get("check", True))
    elif kind == "restore":
        result = session.manager.restore_or_initialize()
    print(json.dumps(state(session, result)), flush=True)
