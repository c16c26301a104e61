"""Runs the functions of SavedModels through everything in Python that runs SavedModels, and says how far each result is
from the expected one.

Reads a JSON job from the file given as the first argument; writes its answer beside it.
Job: {"models": [{"name", "dir", "scratch", "consumers": ["load", …], "calls": [{
    "signature" or "method": its name (a method: a path of attributes, `__call__` for the object itself),
    "inputs", "outputs": tensors by name; a method gets its inputs by position, in one list if "packed";
    "training": for a method, its argument of this name; absent: it is not given,
    "gradients": by full name of the variable, of the loss below; "after": values of variables after the call
    }]}]}
A tensor is {"dtype", "shape", "data": base64 of its values; of strings, a list of such}.
Answer: {name: {consumer: {"difference", "note"} or {"error"}}}, and {"seconds": {consumer: …}}
"""
import base64
import contextlib
import io
import json
import os
import sys
import time
import traceback
import types

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ["KERAS_BACKEND"] = "tensorflow"

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "layers"))

import keras
import numpy as np
import tensorflow as tf
import tf_keras
from tensorflow.python.checkpoint import trackable_view
from tensorflow.python.tools import saved_model_cli

import cpu_only  # noqa: F401


# Operations that TensorFlow.js's GraphModel lacks.
NOT_CONVERTED = ["Conv3DBackpropInputV2"]
# Where `node tools/setup.mjs` puts the package tensorflowjs.
CONVERTER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", ".tools", "converter")


def value_of(sent):
    if sent["dtype"] == "string":
        return np.array([base64.b64decode(one) for one in sent["data"]], object).reshape(sent["shape"])
    return np.frombuffer(base64.b64decode(sent["data"]), sent["dtype"]).reshape(sent["shape"])


def difference(found, sent, what):
    """The largest one, relative to values over 1. Anything else that differs is an error."""
    found, expected = np.asarray(found), value_of(sent)
    if found.shape != expected.shape:
        raise AssertionError(f"{what} has the shape {list(found.shape)} instead of {list(expected.shape)}")
    if found.dtype != expected.dtype:
        raise AssertionError(f"{what} has the dtype {found.dtype} instead of {expected.dtype}")
    if expected.size == 0:
        return 0.0
    if expected.dtype.kind not in "fc":
        if np.any(found != expected):
            raise AssertionError(f"{what} is {found.ravel()[:10]} instead of {expected.ravel()[:10]}")
        return 0.0
    with np.errstate(invalid="ignore"):
        far = np.abs(found - expected) / np.maximum(1, np.abs(expected))
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    worst = float(np.max(np.where(same, 0, far)))
    # An infinite or missing value where another one belongs.
    return worst if np.isfinite(worst) else 1e9


def differences(found, call, what=""):
    """Of all outputs; `found` is a dictionary, or values in the order of the expected ones."""
    expected = call["outputs"]
    if isinstance(found, dict):
        if sorted(found) != sorted(expected):
            raise AssertionError(f"the outputs are {sorted(found)} instead of {sorted(expected)}")
        pairs = [(found[name], expected[name], name) for name in expected]
    else:
        flat = tf.nest.flatten(found)
        if len(flat) != len(expected):
            raise AssertionError(f"there are {len(flat)} outputs instead of {len(expected)}")
        pairs = [(one, expected[name], name) for one, name in zip(flat, expected)]
    return max([difference(one, wanted, what + name) for one, wanted, name in pairs], default=0.0)


def inputs_of(call):
    return {name: value_of(sent) for name, sent in call["inputs"].items()}


def variables_of(loaded):
    found = trackable_view.TrackableView(loaded).descendants()
    return {one.name.removesuffix(":0"): one for one in found if isinstance(one, tf.Variable)}


def loss_of(outputs):
    """A number whose gradients tell all outputs, and all their elements, apart."""
    total = 0.0
    for output in tf.nest.flatten(outputs):
        if output.dtype.is_floating:
            flat = tf.reshape(output, [-1])
            total += tf.reduce_sum(flat * tf.cos(tf.range(tf.size(flat), dtype=tf.float32)))
    return total


def run(function, arguments, keywords, call, variables, unlike=()):
    """Calls it, compares all that the call says, and puts the variables back. `unlike`: variables not looked at."""
    before = {name: variable.numpy() for name, variable in variables.items()}
    with tf.GradientTape() as tape:
        outputs = function(*arguments, **keywords)
        loss = loss_of(outputs) if "gradients" in call else None
    worst = differences(outputs, call)
    if "gradients" in call:
        wanted = call["gradients"]
        found = tape.gradient(loss, [variables[name] for name in wanted])
        for name, gradient in zip(wanted, found):
            if gradient is None:
                raise AssertionError(f"no gradient reaches {name}")
            gradient = tf.convert_to_tensor(gradient)
            worst = max(worst, difference(gradient, wanted[name], f"the gradient of {name}"))
    for name, wanted in call.get("after", {}).items():
        if name in unlike:
            continue
        worst = max(worst, difference(variables[name], wanted, f"{name} after the call"))
    for name, variable in variables.items():
        if name not in call.get("after", {}) and np.any(before[name] != variable.numpy()):
            raise AssertionError(f"the call changed {name}")
        variable.assign(before[name])
    return worst


def with_load(model):
    """`tf.saved_model.load`, signatures and methods."""
    loaded = tf.saved_model.load(model["dir"])
    variables = variables_of(loaded)
    worst = 0.0
    for call in model["calls"]:
        inputs = {name: tf.constant(value) for name, value in inputs_of(call).items()}
        if "signature" in call:
            function, arguments, keywords = loaded.signatures[call["signature"]], [], inputs
        else:
            function = loaded
            for part in call["method"].split("."):
                function = function if part == "__call__" else getattr(function, part)
            given = list(inputs.values())
            arguments = [given] if call.get("packed") else given
            keywords = {"training": call["training"]} if "training" in call else {}
        worst = max(worst, run(function, arguments, keywords, call, variables))
    return {"difference": worst}


def signatures_of(model):
    """The calls of each signature. Those that have training's effects are only for `load`."""
    found = {}
    for call in model["calls"]:
        if "signature" in call:
            found.setdefault(call["signature"], []).append(call)
    return found


def with_session(model):
    """TensorFlow 1: a graph and a session. So do Serving and C programs load it."""
    worst = 0.0
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        meta = tf.compat.v1.saved_model.load(session, ["serve"], model["dir"])
        for name, calls in signatures_of(model).items():
            definition = meta.signature_def[name]
            for call in calls:
                feed = {definition.inputs[key].name: value for key, value in inputs_of(call).items()}
                fetched = {key: info.name for key, info in definition.outputs.items()}
                worst = max(worst, differences(session.run(fetched, feed), call))
    return {"difference": worst}


def with_cli(model):
    """`saved_model_cli run`."""
    worst = 0.0
    for name, calls in signatures_of(model).items():
        for number, call in enumerate(calls):
            folder = os.path.join(model["scratch"], f"cli {name} {number}")
            os.makedirs(folder)
            inputs = []
            for key, value in inputs_of(call).items():
                file = os.path.join(folder, f"input_{len(inputs)}.npy")
                np.save(file, value)
                inputs.append(f"{key}={file}")
            out = os.path.join(folder, "out")
            words = ["run", "--dir", model["dir"], "--tag_set", "serve", "--signature_def", name]
            command(*words, "--inputs", ";".join(inputs), "--outdir", out)
            found = {file.removesuffix(".npy"): np.load(os.path.join(out, file)) for file in os.listdir(out)}
            worst = max(worst, differences(found, call))
    return {"difference": worst}


def command(*words):
    before = sys.argv
    sys.argv = ["saved_model_cli", *words]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as errors:
        try:
            saved_model_cli.main()
        except SystemExit as end:
            if end.code not in (None, 0):
                raise AssertionError(errors.getvalue()) from end
        finally:
            sys.argv = before


def with_tfsm(model):
    """Keras 3's layer of a SavedModel."""
    worst = 0.0
    for name, calls in signatures_of(model).items():
        layer = keras.layers.TFSMLayer(model["dir"], call_endpoint=name)
        for call in calls:
            inputs = inputs_of(call)
            if len(inputs) != 1:
                return {"difference": 0.0, "note": "TFSMLayer gives a signature one input only"}
            outputs = layer(tf.constant(*inputs.values()))
            worst = max(worst, differences(outputs, call))
    return {"difference": worst}


def with_lite(model):
    """TFLite. The interpreter here has only its own operations: with others, the conversion is all that is proven."""
    worst = 0.0
    note = "built-in operations"
    for name, calls in signatures_of(model).items():
        try:
            content = convert(model["dir"], name, [tf.lite.OpsSet.TFLITE_BUILTINS])
        except Exception:
            note = "operations of TensorFlow"
            convert(model["dir"], name, [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS])
            continue
        runner = tf.lite.Interpreter(model_content=content).get_signature_runner(name)
        for call in calls:
            worst = max(worst, differences(runner(**inputs_of(call)), call))
    return {"difference": worst, "note": note}


def convert(directory, signature, operations):
    converter = tf.lite.TFLiteConverter.from_saved_model(directory, signature_keys=[signature])
    converter.target_spec.supported_ops = operations
    # Lists whose elements' shapes are not known stay lists of TensorFlow's.
    converter._experimental_lower_tensor_list_ops = tf.lite.OpsSet.SELECT_TF_OPS not in operations
    return converter.convert()


def with_converter(model):
    """`tensorflowjs_converter`; TensorFlow.js runs what it writes. It imports two packages for other formats."""
    for name in ["tensorflow_decision_forests", "jax", "jax.experimental"]:
        sys.modules.setdefault(name, types.ModuleType(name))
    sys.modules["jax.experimental"].jax2tf = None
    sys.path.append(CONVERTER)
    from tensorflowjs.converters import converter

    for number, name in enumerate(signatures_of(model)):
        words = ["--input_format=tf_saved_model", "--output_format=tfjs_graph_model", f"--signature_name={name}"]
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                converter.convert([*words, model["dir"], os.path.join(model["scratch"], f"js {number}")])
            except ValueError as error:
                missing = str(error).partition("Unsupported Ops in the model before optimization")[2].strip()
                if not missing or not all(op.strip() in NOT_CONVERTED for op in missing.split(",")):
                    raise
                return {"difference": 0.0, "note": f"TensorFlow.js's GraphModel lacks {missing}"}
    return {"difference": 0.0}


def normalizes_steps(layer):
    inner = layer.layer._flatten_layers() if isinstance(layer, tf_keras.layers.TimeDistributed) else []
    return any(isinstance(one, tf_keras.layers.BatchNormalization) for one in inner)


def with_keras(model):
    """tf_keras's `load_model` gives a real model, which computes what `__call__` and `serving_default` give."""
    tf_keras.backend.clear_session()
    loaded = tf_keras.models.load_model(model["dir"], compile=False)
    variables = {variable.name.removesuffix(":0"): variable for variable in loaded.weights}
    worst = 0.0

    def flattened(*arguments, **keywords):
        return tf.nest.flatten(loaded(*arguments, **keywords))

    for call in model["calls"]:
        if call.get("signature") == "serving_default":
            if list(call["inputs"]) != loaded.input_names or list(call["outputs"]) != loaded.output_names:
                raise AssertionError(f"Keras calls them {loaded.input_names} and {loaded.output_names}")
        if call.get("method") == "__call__" or call.get("signature") == "serving_default":
            given = list(inputs_of(call).values())
            arguments = [given if len(given) > 1 else given[0]]
            keywords = {"training": call.get("training", False)}
            # Keras infers with a BatchNormalization that is frozen, also in training; TensorFlow.js does not.
            if keywords["training"] and not all(layer.trainable for layer in loaded._flatten_layers()):
                continue
            # Keras normalizes all steps at once, TensorFlow.js each step by itself.
            if keywords["training"] and any(normalizes_steps(layer) for layer in loaded._flatten_layers()):
                continue
            # Keras's fused kernel moves the average of n / (n - 1) times the variance (Bessel's correction).
            unlike = [name for name in variables if name.endswith("moving_variance")]
            worst = max(worst, run(flattened, arguments, keywords, call, variables, unlike))
    return {"difference": worst, "note": f"{type(loaded).__name__} of {len(variables)} variables"}


CONSUMERS = {
    "load": with_load,
    "session": with_session,
    "cli": with_cli,
    "tfsm": with_tfsm,
    "lite": with_lite,
    "converter": with_converter,
    "keras": with_keras,
}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    answers, seconds = {}, dict.fromkeys(CONSUMERS, 0.0)
    for model in job["models"]:
        answer = answers[model["name"]] = {}
        for consumer in model["consumers"]:
            started = time.monotonic()
            try:
                answer[consumer] = CONSUMERS[consumer](model)
            except (Exception, SystemExit):
                answer[consumer] = {"error": traceback.format_exc(limit=-4)[-3000:]}
            seconds[consumer] += time.monotonic() - started
    with open(sys.argv[1] + ".answer", "w", encoding="utf-8") as file:
        json.dump({"models": answers, "seconds": seconds}, file)


main()
