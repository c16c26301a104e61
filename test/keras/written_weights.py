"""What real Keras 3 and real tf_keras make of files of weights that Node wrote.

Reads a JSON job from the file given as the first argument; writes its answer beside it.
Job: {"cases": [{"name", "json", "folder"}]}; a folder has node.weights.h5, node.h5 (weights alone) and node.keras.
The answer has, for each case, what is wrong: a list of lines, empty if all is as it should be.
"""
import json
import os
import sys
import traceback
import warnings

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "layers"))

import h5py
import keras
import numpy as np
import tf_keras

import cpu_only  # noqa: F401
from batch_names import with_keras_names


NAMES = ("/cell/vars@name", "_cell/vars@name", "layer/vars@name")


def datasets(path):
    """All values by path; the names of attributes and their values, too."""
    found = {}
    with h5py.File(path) as file:
        def add(name, item):
            if isinstance(item, h5py.Dataset):
                found[name] = np.array(item)
            for key, value in item.attrs.items():
                found[f"{name}@{key}"] = np.array(value)
        # visititems shows a hard link once.
        def visit(group, prefix):
            for name in group:
                add(prefix + name, group[name])
                if isinstance(group[name], h5py.Group):
                    visit(group[name], f"{prefix}{name}/")
        visit(file, "")
        for key, value in file.attrs.items():
            found[f"@{key}"] = np.array(value)
    return found


def same(one, other):
    if one.dtype.kind in "SUO" or other.dtype.kind in "SUO":
        text = lambda x: x.decode() if isinstance(x, bytes) else str(x)
        return [text(x) for x in one.ravel()] == [text(x) for x in other.ravel()]
    return one.dtype == other.dtype and one.shape == other.shape and np.array_equal(one, other)


def differences(ours, theirs, may_be_more=False, ignored=()):
    """`theirs` is what Keras saved after it had loaded `ours`."""
    theirs.pop("vars@name", None)  # The name of the model.
    # An activation may be a layer in Keras.
    lines = [f"lacks {name}" for name in theirs if name not in ours and not name.endswith(ignored)
             and not (name.endswith("/vars@name") and name.replace("@name", "/0") not in theirs)]
    if not may_be_more:
        lines += [f"has {name}, which Keras does not write" for name in ours if name not in theirs]
    lines += [f"differs: {name}" for name in theirs if name in ours and not name.endswith(ignored)
              and not same(ours[name], theirs[name])]
    return lines


def ordered(path):
    """The values of a legacy file in the order in which they are loaded."""
    with h5py.File(path) as file:
        groups = [file[name] for name in file.attrs["layer_names"]]
        return [np.array(group[name]) for group in groups for name in group.attrs["weight_names"]]


def perturb(model):
    for weight in model.weights:
        weight.assign(np.full(weight.shape, 7.5))


def run_case(case):
    folder, lines = case["folder"], []
    at = lambda name: os.path.join(folder, name)
    topology = json.loads(case["json"])
    ours = datasets(at("node.weights.h5"))

    tf_keras.backend.clear_session()
    config = with_keras_names(json.loads(case["json"]))
    tf_keras.backend.clear_session()
    model = tf_keras.models.model_from_json(json.dumps(config))
    perturb(model)
    model.load_weights(at("node.weights.h5"))
    model.save_weights(at("tf_keras.weights.h5"))
    lines += [f"tf_keras .weights.h5 {line}" for line in differences(ours, datasets(at("tf_keras.weights.h5")), True)]
    perturb(model)
    model.load_weights(at("node.h5"))
    model.save_weights(at("tf_keras.h5"))
    # TensorFlow.js makes up other names for models within models than Keras.
    if case["isNamed"]:
        lines += [f"tf_keras .h5 {line}" for line in
                  differences(datasets(at("node.h5")), datasets(at("tf_keras.h5")), False, ("@keras_version",))]
    elif not all(same(a, b) for a, b in zip(ordered(at("node.h5")), ordered(at("tf_keras.h5")), strict=True)):
        lines.append("tf_keras .h5 has other values")

    keras.backend.clear_session()
    # Names of cells are made up by each of them.
    try:
        model = keras.models.load_model(at("node.keras"), compile=False)
    except Exception as error:
        return lines + [f"Keras 3 cannot have it: {error!r}"[:200]]
    model.save_weights(at("keras3.weights.h5"))
    lines += [f"Keras 3, .keras {line}" for line in differences(ours, datasets(at("keras3.weights.h5")), True, NAMES)]
    perturb(model)
    model.load_weights(at("node.weights.h5"))
    model.save_weights(at("keras3.weights.h5"))
    lines += [f"Keras 3 {line}" for line in differences(ours, datasets(at("keras3.weights.h5")), True, NAMES)]
    perturb(model)
    model.load_weights(at("node.h5"))
    model.save_weights(at("keras3.weights.h5"))
    lines += [f"Keras 3, .h5 {line}" for line in differences(ours, datasets(at("keras3.weights.h5")), True, NAMES)]
    return lines


def attempt(case):
    warnings.filterwarnings("error", ".*([Ss]kipping|not be loaded).*", UserWarning)
    try:
        return run_case(case)
    except Exception:
        return [traceback.format_exc(limit=-3)[-1500:]]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    answer = {case["name"]: attempt(case) for case in job["cases"]}
    with open(sys.argv[1] + ".answer", "w", encoding="utf-8") as file:
        json.dump(answer, file)


main()
