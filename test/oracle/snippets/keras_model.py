"""A tf_keras model built from its JSON configuration: weights in, weights out, predictions."""
import json

import numpy as np
import tensorflow as tf
import tf_keras


def _array(value):
    return value.numpy() if isinstance(value, tf.Tensor) else np.asarray(value)


def _build(args):
    tf_keras.utils.set_random_seed(args.get("seed", 1))
    config = args["config"]
    return tf_keras.models.model_from_json(config if isinstance(config, str) else json.dumps(config))


def run(args):
    """{config, seed?, weights?: path to load, assertConsumed?, set?: [arrays in get_weights order],
    compile?: compile() arguments, fit?: {x, y, epochs, batchSize}, predict?: x, save?: path}
    -> {weights: [{name, value}], predictions?, history?}; the steps run in this order."""
    model = _build(args)
    if not model.built:
        model.build(args["inputShape"])
    if "compile" in args:
        model.compile(**args["compile"])
    if "weights" in args:
        status = model.load_weights(args["weights"])
        if args.get("assertConsumed"):
            status.assert_consumed()
        else:
            status.expect_partial()
    if "set" in args:
        model.set_weights([_array(value) for value in args["set"]])
    result = {}
    if "fit" in args:
        fit = args["fit"]
        history = model.fit(
            _array(fit["x"]),
            _array(fit["y"]),
            epochs=fit.get("epochs", 1),
            batch_size=fit.get("batchSize", 32),
            shuffle=False,
            verbose=0,
        )
        result["history"] = {key: [float(v) for v in values] for key, values in history.history.items()}
    if "predict" in args:
        result["predictions"] = model(_array(args["predict"]), training=False)
    if "save" in args:
        model.save_weights(args["save"])
    result["weights"] = [{"name": weight.name, "value": weight} for weight in model.weights]
    return result
