"""SavedModels by real TensorFlow, and what TensorFlow itself says of them. Arguments: the folder to write into."""

import json
import os
import sys

import keras
import numpy as np
import tensorflow as tf
import tf_keras as k
from tensorflow.core.protobuf import saved_model_pb2

folder = sys.argv[1]
os.chdir(folder)
known = {}
HASHES = [
    "saved_model_checksum", "graph_def_program_hash", "signature_def_hash", "saved_object_graph_hash",
    "checkpoint_hash",
]


def answers(name, signature, **inputs):
    """What TensorFlow's own loader computes, for comparison."""
    function = tf.saved_model.load(name).signatures[signature]
    outputs = function(**{key: tf.constant(value) for key, value in inputs.items()})
    plain = lambda value: [one.decode() for one in value] if value.dtype == object else value.tolist()
    known.setdefault(name, {})[signature] = {key: plain(value.numpy()) for key, value in outputs.items()}


def functional():
    a, b = k.Input((4,), name="alpha"), k.Input((3,), name="beta")
    h = k.layers.Concatenate()([b, a])
    one = k.layers.Dense(2, name="one")(h)
    two = k.layers.Dense(1, name="two", activation="sigmoid")(h)
    model = k.Model([b, a], [two, one])
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    model.save("functional", save_format="tf")
    model.save("untraced", save_format="tf", save_traces=False)
    x = np.linspace(-1, 1, 20, dtype="float32")
    answers("functional", "serving_default", alpha=x[:8].reshape(2, 4), beta=x[8:14].reshape(2, 3))


def exported():
    model = keras.Sequential([keras.layers.Input((5,)), keras.layers.Dense(3, name="only")])
    model.export("exported", verbose=False)
    answers("exported", "serve", keras_tensor=np.linspace(-1, 1, 10, dtype="float32").reshape(2, 5))


class Module(tf.Module):
    def __init__(self):
        self.w = tf.Variable(np.arange(6, dtype="float64").reshape(2, 3), name="w")
        self.table = tf.lookup.StaticHashTable(
            tf.lookup.TextFileInitializer(
                "vocabulary.txt", tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64,
                tf.lookup.TextFileIndex.LINE_NUMBER,
            ),
            -1,
        )
        self.itself = self

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float64, name="x")])
    def __call__(self, x):
        return {"y": x @ self.w, "n": tf.shape(x)[0]}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def look(self, words):
        return self.table.lookup(words)

    @tf.function(input_signature=[])
    def nothing(self):
        return tf.constant(7)

    @tf.function
    def free(self, a, b=2, *, flag=True):
        return a + b

    @tf.function(
        input_signature=[
            tf.TensorSpec([], tf.uint8), tf.TensorSpec([], tf.int64), tf.TensorSpec([], tf.bool),
            tf.TensorSpec([2], tf.float16), tf.TensorSpec([], tf.uint64), tf.TensorSpec([], tf.int16),
        ]
    )
    def kinds(self, u, i, f, h, w, s):
        return {
            "u": u + tf.constant(1, tf.uint8), "i": i * 2, "f": tf.logical_not(f), "h": h * 2, "w": w, "s": s,
            "words": tf.strings.as_string(i),
        }

    @tf.function(input_signature=[tf.TensorSpec([], tf.int64)])
    def huge(self, x):
        return x * 2**32

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
    def many(self, x):
        return {f"output_{i}": x + i for i in range(12)}

    @tf.function(input_signature=[tf.TensorSpec([2], tf.qint8)])
    def quantized(self, x):
        return tf.bitcast(x, tf.int8)

    @tf.function(input_signature=[tf.TensorSpec([], tf.int32)])
    def fails(self, x):
        tf.debugging.assert_equal(x, 1, message="not one")
        return x


def module():
    with open("vocabulary.txt", "w") as file:
        file.write("a\nb\nc\n")
    one = Module()
    one.free(tf.constant(1.0))
    one.free(tf.constant([1, 2]), b=tf.constant(3))
    names = ["look", "nothing", "kinds", "huge", "many", "quantized", "fails"]
    signatures = {name: getattr(one, name) for name in names}
    tf.saved_model.save(one, "module", signatures={"call": one.__call__, **signatures})


class Subclassed(k.Model):
    def __init__(self):
        super().__init__()
        self.d = k.layers.Dense(2)

    def call(self, x):
        return self.d(x)


def subclassed():
    model = Subclassed()
    model(np.zeros((1, 3), "float32"))
    model.save("subclassed", save_format="tf")


def session():
    with tf.compat.v1.Graph().as_default(), tf.compat.v1.Session() as one:
        p = tf.compat.v1.placeholder(tf.float32, [None, 2], name="p")
        v = tf.compat.v1.get_variable("v", [2], initializer=tf.compat.v1.initializers.constant([2.0, 3.0]))
        q = p * v
        one.run(v.initializer)
        tf.compat.v1.saved_model.simple_save(one, "session", {"p": p}, {"q": q})


for make in (functional, exported, module, subclassed, session):
    make()


def facts(name):
    """What TensorFlow's own readers say of the files."""
    model = saved_model_pb2.SavedModel()
    with open(os.path.join(name, "saved_model.pb"), "rb") as file:
        model.ParseFromString(file.read())
    graph = model.meta_graphs[0]

    def tensors(infos):
        def one(info):
            shape = info.tensor_shape
            sizes = None if shape.unknown_rank else [None if dim.size < 0 else dim.size for dim in shape.dim]
            return f"{info.name} {tf.dtypes.as_dtype(info.dtype).name} {json.dumps(sizes, separators=(',', ':'))}"

        return {key: one(info) for key, info in infos.items()}

    reader = tf.train.load_checkpoint(os.path.join(name, "variables", "variables"))
    types, shapes = reader.get_variable_to_dtype_map(), reader.get_variable_to_shape_map()
    stored = os.path.exists(os.path.join(name, "fingerprint.pb"))
    fingerprint = tf.saved_model.experimental.read_fingerprint(name) if stored else None
    return {
        "variables": [{"key": key, "dtype": types[key].name, "shape": shapes[key]} for key in types],
        "nodes": [
            {
                "kind": node.WhichOneof("kind"),
                "children": [[child.local_name, child.node_id] for child in node.children],
            }
            for node in graph.object_graph_def.nodes
        ],
        "signatures": {
            key: {"inputs": tensors(one.inputs), "outputs": tensors(one.outputs)}
            for key, one in graph.signature_def.items()
            if key != "__saved_model_init_op"
        },
        "fingerprint": fingerprint and [str(getattr(fingerprint, key)) for key in HASHES],
        "version": graph.meta_info_def.tensorflow_version,
    }


names = ["functional", "untraced", "exported", "module", "subclassed", "session"]
print(json.dumps({"answers": known, "facts": {name: facts(name) for name in names}}))
