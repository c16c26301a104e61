"""SavedModels whose graph and variables say which save they are from.

make DIRECTORY: writes DIRECTORY/1, /2 and /3. read DIRECTORY...: prints one line of JSON, the number of each (null: it
cannot be loaded), as tf.saved_model.load gives it and as the checkpoint of its variables has it.
"""
import json
import sys

import tensorflow as tf


class Numbered(tf.Module):
    def __init__(self, number):
        super().__init__()
        self.values = tf.Variable(tf.fill([1000], float(number)))
        self.whole = tf.Variable(number)

        @tf.function(input_signature=[])
        def in_graph():
            return tf.constant(number)

        self.in_graph = in_graph


def number(path):
    model = tf.saved_model.load(path)
    stored = tf.train.load_checkpoint(path + "/variables/variables")
    found = {int(model.in_graph()), int(model.whole), int(stored.get_tensor("whole/.ATTRIBUTES/VARIABLE_VALUE"))}
    found |= set(stored.get_tensor("values/.ATTRIBUTES/VARIABLE_VALUE").astype(int).tolist())
    assert len(found) == 1, f"{path} is of {found}"
    return found.pop()


command, *paths = sys.argv[1:]
if command == "make":
    for k in (1, 2, 3):
        tf.saved_model.save(Numbered(k), f"{paths[0]}/{k}")
else:
    print(json.dumps([number(path) for path in paths]))
