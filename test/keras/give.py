"""Models that real Keras 3 and real tf_keras make, train and save in all forms, for Node to read.

Usage: give.py FOLDER TABLE. Writes FOLDER/N/JUDGE.keras, .h5 and .weights.h5, and FOLDER/answer.json. TABLE is a module
of this folder with ROWS (name to a function that takes `keras` and gives a model), VOCABULARIES (inputs of these are
whole numbers), UNTRAINED (names), CLASSES (names; targets are numbers of classes), ONLY (name to the judge that alone
has it).
"""
import importlib
import json
import os
import sys
import traceback
import warnings

from judges import JUDGES, evaluate, plain, predict, save_all, train, weights

import numpy as np

LATER = 2


def inputs_of(model, vocabulary, random):
    made = []
    for tensor in model.inputs:
        shape = [3 if size is None else size for size in tensor.shape]
        value = random.uniform(-1, 1, shape) if vocabulary is None else random.integers(0, vocabulary, shape)
        made.append(value.astype("float32"))
    return made if len(made) > 1 else made[0]


def targets_of(model, inputs, random, are_classes):
    """Probabilities, which suit all losses but those of classes."""
    if are_classes:
        *shape, classes = predict(model, inputs)[0]["shape"]
        return random.integers(0, classes, (*shape, 1)).astype("float32")
    made = [probabilities(random.uniform(0, 1, one["shape"])) for one in predict(model, inputs)]
    return made if len(made) > 1 else made[0]


def probabilities(values):
    whole = values.sum(-1, keepdims=True) if values.shape[-1] > 1 else 1
    return (values / whole).astype("float32")


def listed(values):
    return values if isinstance(values, list) else [values]


def randomize(model, random):
    for variable in model.weights:
        low, high = (0.5, 1.5) if "variance" in variable.name else (-0.5, 0.5)
        variable.assign(random.uniform(low, high, variable.shape).astype("float32"))


def compile_by_default(module, model):
    model.compile(module.optimizers.SGD(0.05, momentum=0.9), "mse", run_eagerly=True)


def run_case(module, judge, table, name, folder, number):
    module.backend.clear_session()
    module.utils.set_random_seed(number + 1)
    random = np.random.default_rng(number)
    model = table.ROWS[name](module)
    randomize(model, random)
    inputs = inputs_of(model, table.VOCABULARIES.get(name), random)
    answer = {"inputs": [plain(one) for one in listed(inputs)], "targets": [], "loss": None, "later": []}
    answer["place"] = os.path.join(folder, str(number), judge)
    if name not in table.UNTRAINED:
        targets = targets_of(model, inputs, random, name in getattr(table, "CLASSES", ()))
        answer["targets"] = [plain(one) for one in listed(targets)]
        if getattr(model, "optimizer", None) is None:
            compile_by_default(module, model)
        train(model, inputs, targets, 1)
    answer["outputs"] = predict(model, inputs)
    answer["weights"] = weights(model)
    save_all(model, answer["place"])
    if answer["targets"]:
        answer["loss"] = evaluate(model, inputs, targets)
        train(model, inputs, targets, LATER)
        answer["later"] = predict(model, inputs)
    return answer


def attempt(*given):
    try:
        return run_case(*given)
    except Exception:
        return {"error": traceback.format_exc(limit=-5)[-3000:]}


def main():
    warnings.simplefilter("ignore")
    folder, name = sys.argv[1:3]
    table = importlib.import_module(name)
    answer = {
        row: {
            judge: attempt(module, judge, table, row, folder, number)
            for judge, module in JUDGES.items()
            if table.ONLY.get(row, judge) == judge
        }
        for number, row in enumerate(table.ROWS)
    }
    with open(os.path.join(folder, "answer.json"), "w", encoding="utf-8") as file:
        json.dump(answer, file)


main()
