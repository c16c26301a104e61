"""Real Keras's side of kinds.test.ts: every optimizer of every generation. Writes, waits for a line, then reads what
Node wrote.
"""

import json
import os
import re
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras as keras3  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
import tf_keras  # noqa: E402

DIRECTORY, TITLES = sys.argv[1:]
STEPS = 5
K, N, L = keras3.optimizers, tf_keras.optimizers, tf_keras.optimizers.legacy
FULL = {"momentum": 0.8, "centered": True}
ALL = ["SGD", "Adagrad", "Adadelta", "Adam", "AdamW", "Adamax", "Nadam", "RMSprop"]
ALL += ["Ftrl", "Lion", "Lamb", "Adafactor", "Muon"]


def multi():
    return K.MultiOptimizer(K.OptimizerMap(K.SGD(0.1), {".*kernel": K.Adam(0.1)}))


def cases():
    for generation, module in (("keras3", K), ("new", N), ("legacy", L)):
        for kind in [*ALL, "ScheduleFreeAdamW"]:
            if hasattr(module, kind):
                yield generation, kind, lambda module=module, kind=kind: getattr(module, kind)(0.01)
        yield generation, "SGD momentum", lambda module=module: module.SGD(0.01, momentum=0.9)
        yield generation, "Adam amsgrad", lambda module=module: module.Adam(0.01, amsgrad=True)
        yield generation, "RMSprop full", lambda module=module: module.RMSprop(0.01, **FULL)
        library = keras3 if module is K else tf_keras
        decay = library.optimizers.schedules.ExponentialDecay(0.5, 1, 0.5)
        yield generation, "Adam schedule", lambda module=module, decay=decay: module.Adam(decay)
    for generation, module in (("keras3", K), ("new", N)):
        yield generation, "Adam ema", lambda module=module: module.Adam(0.01, use_ema=True)
    # In a checkpoint before its first step: the later ones have none of its lists, only `_variables`; and of Nadam no
    # `_u_product`.
    for kind in ["SGD", "Adagrad", "Adadelta", "Adam", "AdamW", "Adamax", "RMSprop", "Lion", "Nadam"]:
        yield "new", f"{kind} early", lambda kind=kind: getattr(N, kind)(0.01)
    yield "new", "SGD momentum early", lambda: N.SGD(0.01, momentum=0.9)
    yield "new", "Adam amsgrad early", lambda: N.Adam(0.01, amsgrad=True)
    yield "new", "RMSprop full early", lambda: N.RMSprop(0.01, **FULL)
    yield "keras3", "Adam accumulating", lambda: K.Adam(0.01, gradient_accumulation_steps=2)
    yield "keras3", "Multi", multi
    for kind in ["SGD", "Adagrad", "Adadelta", "Adam", "Adamax", "RMSprop"]:
        yield "legacy", f"{kind} decay", lambda kind=kind: getattr(L, kind)(0.01, decay=0.5)
    yield "legacy", "SGD momentum decay", lambda: L.SGD(0.01, momentum=0.9, decay=0.5)
    scaled = {"initial_scale": 1024.0, "dynamic_growth_steps": 3}
    momentum = ("SGD momentum", {"momentum": 0.9})
    for kind, options in (("Adam", {}), ("SGD", {}), momentum, ("RMSprop full", FULL), ("Nadam", {})):
        name = kind.split(" ")[0]
        yield "keras3", f"{kind} scaled", lambda name=name, options=options: K.LossScaleOptimizer(
            getattr(K, name)(0.01, **options), **scaled
        )
        mixed = tf_keras.mixed_precision.LossScaleOptimizer
        for generation, module in (("new", N), ("legacy", L)):
            yield generation, f"{kind} scaled", lambda module=module, name=name, options=options, mixed=mixed: mixed(
                getattr(module, name)(0.01, **options), **scaled
            )


def make(generation, create):
    library = keras3 if generation == "keras3" else tf_keras
    layers = [library.layers.Dense(2, name="a"), library.layers.Dense(3, name="b")]
    model = library.Sequential([library.layers.Input((3,)), *layers])
    model.set_weights([initial(w.shape, i) for i, w in enumerate(model.get_weights())])
    return model, create()


def initial(shape, i):
    return np.linspace(-1, 1 + i, int(np.prod(shape)), dtype=np.float32).reshape(shape)


def gradient(step, variable, shape):
    values = np.sin(np.arange(int(np.prod(shape))) + step * 3 + variable) * 10.0 ** -(step % 4)
    return values.astype(np.float32).reshape(shape)


def scale_of(optimizer):
    scale = getattr(optimizer, "dynamic_scale", getattr(optimizer, "loss_scale", None))
    return None if scale is None else float(np.asarray(scale))


def train(generation, name, model, optimizer, first, last):
    variables = model.trainable_variables
    for step in range(first, last):
        gradients = [gradient(step, i, v.shape) for i, v in enumerate(variables)]
        if "scaled" in name and generation == "keras3":
            if not optimizer.built:
                optimizer.build(variables)
            gradients = [g * np.float32(scale_of(optimizer)) for g in gradients]
        if "scaled" in name and step == 1:
            gradients[0] = np.full_like(gradients[0], np.inf)
        optimizer.apply_gradients(list(zip(map(tf.constant, gradients), variables)))
    return [np.asarray(w).ravel().tolist() for w in model.get_weights()]


def state(optimizer):
    counter = getattr(optimizer, "step_counter", getattr(optimizer, "dynamic_counter", None))
    return {"scale": scale_of(optimizer), "counter": None if counter is None else int(np.asarray(counter))}


def rate(optimizer):
    return float(np.asarray(getattr(optimizer, "inner_optimizer", optimizer).learning_rate))


def build(generation, name, optimizer, variables):
    if generation != "legacy":
        optimizer.build(variables)
        return
    optimizer.iterations  # noqa: B018  (legacy optimizers make their variables when asked)
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    inner._create_all_weights(variables)


def embedded(library, optimizer, tokens):
    """One step of an Embedding of zeros; the gradient of each position is [3, 4]."""
    layer = library.layers.Embedding(3, 2, embeddings_initializer="zeros")
    layer.build((None,))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(tf.constant(tokens)) * [3.0, 4.0])
    variables = layer.trainable_variables
    if library is keras3:
        gradients = tape.gradient(loss, [v.value for v in variables])
    else:
        gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
    return np.asarray(layer.get_weights()[0]).ravel().tolist()


def embeddings():
    for norm in ("clipnorm", "global_clipnorm"):
        for title, tokens in (("apart", [0, 1]), ("twice", [0, 0])):
            for generation, library in (("keras3", keras3), ("new", tf_keras)):
                optimizer = library.optimizers.SGD(1.0, **{norm: 1.0})
                yield f"{norm} {title} {generation}", embedded(library, optimizer, tokens)


answer = {}
makers = {}
for generation, name, create in cases():
    title = f"{name} {generation}"
    if not re.fullmatch(TITLES, title):
        continue
    makers[title] = (generation, name, create)
    model, optimizer = make(generation, create)
    if name.endswith(" early"):
        tf.train.Checkpoint(model=model, optimizer=optimizer).write(f"{DIRECTORY}/python/early")
    train(generation, name, model, optimizer, 0, STEPS)
    tf.train.Checkpoint(model=model, optimizer=optimizer).write(f"{DIRECTORY}/python/{title}")
    weights = [np.asarray(w).ravel().tolist() for w in model.get_weights()]
    one = {"iterations": int(optimizer.iterations), "weights": weights}
    one["rate"] = None if "schedule" in name or name == "Multi" else rate(optimizer)
    one["state"] = state(optimizer)
    one["then"] = train(generation, name, model, optimizer, STEPS, 2 * STEPS)
    one["end"] = state(optimizer)
    answer[title] = one
print(json.dumps({"optimizers": answer, "embeddings": dict(embeddings())}), flush=True)

read = {}
for title in json.loads(sys.stdin.readline()):
    generation, name, create = makers[title]
    model, optimizer = make(generation, create)
    build(generation, name, optimizer, model.trainable_variables)
    status = tf.train.Checkpoint(model=model, optimizer=optimizer).read(f"{DIRECTORY}/node/{title}")
    try:
        status.assert_consumed()
        consumed = "consumed"
    except AssertionError as error:
        consumed = str(error)
    restored = state(optimizer)
    read[title] = {
        "consumed": consumed,
        "state": restored,
        "then": train(generation, name, model, optimizer, STEPS, 2 * STEPS),
        "end": state(optimizer),
    }
print(json.dumps(read), flush=True)
