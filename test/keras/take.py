"""Real Keras for files that Node wrote: a whole batch of models in one process.

Reads a JSON job from the file given as the first argument; writes its answer beside it.
Job: {"cases": [{"name", "from", "to", "inputs", "targets", "predict", "later", "judges"}]}
Keras 3 opens FROM.keras, tf_keras FROM.h5, and both load FROM.weights.h5. Each of the judges predicts, evaluates and
trains a step. Unless `later` is null, it then saves all that it can as TO/keras.* or TO/tf_keras.*, and trains `later`
more steps.
"""
import json
import sys
import traceback
import warnings

from judges import JUDGES, arrays, evaluate, predict, save_all, train, weights, wipe

ENDINGS = {"keras": ".keras", "tf_keras": ".h5"}


def run_case(module, name, case):
    module.backend.clear_session()
    model = module.models.load_model(case["from"] + ENDINGS[name])
    inputs = arrays(case["inputs"])
    answer = {"outputs": [], "again": [], "trained": [], "later": [], "loss": None, "weights": weights(model)}
    if case["predict"]:
        answer["outputs"] = predict(model, inputs)
    if case["targets"]:
        targets = arrays(case["targets"])
        answer["loss"] = evaluate(model, inputs, targets)
        train(model, inputs, targets, 1)
    answer["trainedWeights"] = weights(model)
    if case["predict"]:
        answer["trained"] = predict(model, inputs)
    if case["later"] is not None:
        save_all(model, f"{case['to']}/{name}")
        if case["targets"]:
            train(model, inputs, targets, case["later"])
            answer["later"] = predict(model, inputs)
    wipe(model)
    if name == "tf_keras":
        # It refuses files without the metrics of a model that was trained, also its own.
        model.compile()
    model.load_weights(case["from"] + ".weights.h5")
    answer["againWeights"] = weights(model)
    if case["predict"]:
        answer["again"] = predict(model, inputs)
    return answer


def attempt(module, name, case):
    try:
        return run_case(module, name, case)
    except Exception:
        return {"error": traceback.format_exc(limit=-5)[-3000:]}


def main():
    warnings.simplefilter("ignore")
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    answer = {
        case["name"]: {name: attempt(JUDGES[name], name, case) for name in case["judges"]} for case in job["cases"]
    }
    with open(sys.argv[1] + ".answer", "w", encoding="utf-8") as file:
        json.dump(answer, file)


main()
