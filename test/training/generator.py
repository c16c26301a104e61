"""Numbers of TensorFlow's generator, and its state in checkpoints; see generator.test.ts."""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import tensorflow as tf  # noqa: E402

directory, action = sys.argv[1:]
answer = {}
if action == "write":
    for seed in (0, 1, 1234, -5, 2**40 + 3, -(2**62), 2**70 + 5):
        generator = tf.random.Generator.from_seed(seed)
        draws = [
            generator.uniform((7,)).numpy().tolist(),
            generator.normal((3, 3)).numpy().ravel().tolist(),
            generator.uniform((5,), -0.7, 3.3).numpy().tolist(),
            generator.uniform((6,), 10, 1010, dtype=tf.int32).numpy().tolist(),
            generator.normal((1,), 5.0, 0.5).numpy().tolist(),
            generator.uniform((1000,)).numpy().tolist(),
            generator.normal((1001,)).numpy().tolist(),
        ]
        path = tf.train.Checkpoint(generator=generator).write(f"{directory}/python {seed}")
        answer[str(seed)] = {"draws": draws, "state": [str(x) for x in generator.state.numpy()],
                             "next": generator.uniform((4,)).numpy().tolist(), "path": path}
else:
    generator = tf.random.Generator.from_seed(9)
    tf.train.Checkpoint(generator=generator).read(f"{directory}/node").assert_existing_objects_matched()
    answer = {"state": [str(x) for x in generator.state.numpy()], "next": generator.uniform((4,)).numpy().tolist()}

with open(f"{directory}/{action}.json", "w", encoding="utf8") as file:
    json.dump(answer, file)
