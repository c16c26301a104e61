"""The models of reading.py: each function gives a model, inputs, targets, and whether functions are saved with it."""
import numpy as np


def data(seed, *shapes):
    random = np.random.default_rng(seed)
    return [random.uniform(-1, 1, shape).astype("float32") for shape in shapes]


def small(keras, optimizer, **compiled):
    layers = keras.layers
    model = keras.Sequential(
        [layers.Dense(5, "tanh", input_shape=(4,)), layers.Dense(2, kernel_regularizer=keras.regularizers.L2(0.01))]
    )
    model.compile(optimizer, **{"loss": "mse", "run_eagerly": True, **compiled})
    return model, data(1, (6, 4)), data(2, (6, 2)), False


def optimizers():
    """Of the new generation, then of the legacy one."""

    def new(make):
        return lambda keras: small(keras, make(keras.optimizers))

    def legacy(make):
        return lambda keras: small(keras, make(keras.optimizers.legacy))

    return {
        "sgd": new(lambda o: o.SGD(0.05)),
        "momentum": new(lambda o: o.SGD(0.05, momentum=0.9, weight_decay=0.01)),
        "nesterov": new(lambda o: o.SGD(0.05, momentum=0.9, nesterov=True, clipvalue=0.1)),
        "adam": new(lambda o: o.Adam(0.01, clipnorm=0.5)),
        "amsgrad": new(lambda o: o.Adam(0.01, beta_1=0.8, epsilon=1e-4, amsgrad=True)),
        "adamw": new(lambda o: o.AdamW(0.01, weight_decay=0.02, global_clipnorm=0.5)),
        "adamax": new(lambda o: o.Adamax(0.01)),
        "adagrad": new(lambda o: o.Adagrad(0.1, initial_accumulator_value=0.2)),
        "adadelta": new(lambda o: o.Adadelta(1.0)),
        "rmsprop": new(lambda o: o.RMSprop(0.01)),
        "rmsprop, centered": new(lambda o: o.RMSprop(0.01, momentum=0.5, centered=True)),
        "nadam": new(lambda o: o.Nadam(0.01)),
        "loss scale": new(lambda o: __import__("tf_keras").mixed_precision.LossScaleOptimizer(o.Adam(0.01))),
        "legacy sgd": legacy(lambda o: o.SGD(0.05, momentum=0.9, decay=0.1)),
        "legacy adam": legacy(lambda o: o.Adam(0.01, decay=0.05)),
        "legacy adamax": legacy(lambda o: o.Adamax(0.01)),
        "legacy adagrad": legacy(lambda o: o.Adagrad(0.1)),
        "legacy adadelta": legacy(lambda o: o.Adadelta(1.0)),
        "legacy rmsprop": legacy(lambda o: o.RMSprop(0.01, momentum=0.5)),
        "legacy plain rmsprop": legacy(lambda o: o.RMSprop(0.01)),
        "legacy nadam": legacy(lambda o: o.Nadam(0.01)),
        "inverse schedule": new(lambda o: o.Adam(o.schedules.InverseTimeDecay(0.1, 2, 0.5))),
        "legacy inverse schedule": lambda keras: small(keras, legacy_adam(keras, "InverseTimeDecay")),
        "legacy schedule": lambda keras: small(keras, legacy_adam(keras, "ExponentialDecay")),
    }


def legacy_adam(keras, schedule):
    return keras.optimizers.legacy.Adam(getattr(keras.optimizers.schedules, schedule)(0.1, 2, 0.5))


def frozen_normalization(keras):
    layers = keras.layers
    model = keras.Sequential([layers.BatchNormalization(input_shape=(4,), name="bn"), layers.Dense(1)])
    model.layers[0].trainable = False
    model.compile("adam", "mse", run_eagerly=True)
    return model, data(14, (5, 4)), data(15, (5, 1)), False


def one_loss(keras):
    x = keras.Input((3,))
    model = keras.Model(x, [keras.layers.Dense(1, name="taught")(x), keras.layers.Dense(2, name="free")(x)])
    model.compile("adam", {"taught": "mse"}, run_eagerly=True)
    return model, data(16, (4, 3)), data(17, (4, 1), (4, 2)), False


def no_loss(keras):
    model = keras.Sequential([keras.layers.Dense(1, input_shape=(3,))])
    model.add_loss(lambda: model.layers[0].kernel[0, 0])
    model.compile("adam", run_eagerly=True)
    return model, data(18, (4, 3)), data(19, (4, 1)), False


def inputs_by_name(keras):
    """A model within a model is called with dicts: with inputs that have names, and by the names of its layers."""
    layers = keras.layers

    def two():
        return [keras.Input((3,), name="z"), keras.Input((3,), name="b")]

    z, b = two()
    named = keras.Model({"z": z, "b": b}, {"o": layers.Concatenate()([z, layers.Dense(3)(b)])}, name="named")
    z, b = two()
    listed = keras.Model([z, b], layers.Concatenate()([z, layers.Dense(3)(b)]), name="listed")
    z, b = keras.Input((3,), name="first"), keras.Input((3,), name="second")
    given = {"z": z, "b": b}
    outputs = layers.Dense(2)(layers.Concatenate()([named(given)["o"], listed(given)]))
    return keras.Model([z, b], outputs), data(20, (4, 3), (4, 3)), [], False


def classifier(keras):
    """With functions, as model.save writes them by default, and a metric of TensorFlow.js's choice."""
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Conv2D(3, 3, activation="relu", input_shape=(6, 6, 2)),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(3, "softmax"),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(), ["accuracy"], run_eagerly=True)
    return model, data(3, (4, 6, 6, 2)), [np.array([0, 2, 1, 2], "float32")], True


def nested(keras):
    """A frozen model within a model, used twice; two outputs with losses by name; a layer that is shared."""
    layers = keras.layers
    x = keras.Input((5,), name="inner_in")
    inner = keras.Model(x, layers.Dense(4, "elu", name="inner_dense")(x), name="encoder")
    inner.trainable = False
    a, b = keras.Input((5,), name="a"), keras.Input((5,), name="b")
    shared = layers.Dense(3, "softsign", name="shared")
    both = layers.Concatenate()([shared(inner(a)), shared(inner(b))])
    deep = keras.Sequential([layers.Dense(3, "relu"), layers.Dense(2)], name="deep")
    outputs = [deep(both), layers.Dense(1, "sigmoid", name="score")(both)]
    model = keras.Model([a, b], outputs)
    losses = {"deep": keras.losses.MeanAbsoluteError(), "score": "binary_crossentropy"}
    model.compile("sgd", losses, {"score": ["mse"], "deep": "mae"}, run_eagerly=True)
    targets = [*data(5, (4, 2)), np.array([[1], [0], [1], [1]], "float32")]
    return model, data(4, (4, 5), (4, 5)), targets, False


def named_outputs(keras):
    layers = keras.layers
    x = keras.Input((4,), name="z")
    y = keras.Input((4,), name="y")
    hidden = layers.Add()([layers.Dense(3, name="hidden")(x), layers.Dense(3, name="other")(y)])
    outputs = {"second": layers.Dense(1, name="dense_b")(hidden), "first": layers.Dense(2, name="dense_a")(hidden)}
    return keras.Model({"z": x, "y": y}, outputs), NAMED, [], False


NAMED = data(6, (3, 4), (3, 4))


def recurrent(keras):
    layers = keras.layers
    cells = [layers.LSTMCell(3), layers.GRUCell(4)]
    model = keras.Sequential(
        [
            layers.Embedding(7, 4, input_length=5, mask_zero=True),
            layers.Bidirectional(layers.GRU(3, return_sequences=True)),
            layers.TimeDistributed(layers.Dense(4, activation="gelu")),
            layers.LayerNormalization(),
            layers.RNN(cells, return_sequences=True),
            layers.GRU(3, return_sequences=True, recurrent_regularizer="l1_l2"),
            layers.LSTM(3, kernel_initializer="lecun_normal"),
            layers.Dense(2, activation="silu", bias_initializer=lambda shape, dtype=None: np.ones(shape, "float32")),
        ]
    )
    model.compile(keras.optimizers.RMSprop(0.01), "mse", run_eagerly=True)
    return model, [np.array([[1, 2, 3, 0, 0], [4, 5, 6, 6, 1]], "float32")], data(8, (2, 2)), False


def moving(keras):
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.InputLayer((3, 5, 5, 2)),
            layers.ConvLSTM2D(2, 3, padding="same", kernel_regularizer="l2"),
            layers.SeparableConv2D(3, 2, depth_multiplier=2),
            layers.Conv2DTranspose(2, 3, strides=2),
            layers.Rescaling(0.5, offset=1),
            layers.GlobalAveragePooling2D(),
        ]
    )
    return model, data(9, (2, 3, 5, 5, 2)), [], False


def unbuilt(keras):
    """Built by its first call: its layers do not say the shape of the input."""
    model = keras.Sequential([keras.layers.Dense(3), keras.layers.Dense(1)])
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
    model.compile(keras.optimizers.Adam(schedule), "mse", run_eagerly=True)
    return model, data(10, (3, 4)), data(11, (3, 1)), False


def architectures():
    return {
        "classifier": classifier,
        "nested": nested,
        "named outputs": named_outputs,
        "recurrent": recurrent,
        "moving": moving,
        "unbuilt": unbuilt,
        "frozen normalization": frozen_normalization,
        "no loss": no_loss,
    }


def logits(keras):
    found = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    metrics = ["accuracy", keras.metrics.BinaryAccuracy("above", threshold=0.3)]
    return small(keras, keras.optimizers.SGD(0.05), loss=found, loss_weights=[0.5], metrics=metrics)


def basics():
    few = ["adam", "nesterov", "legacy adam", "loss scale", "legacy nadam"]
    few += ["inverse schedule", "legacy inverse schedule"]
    models = [nested, named_outputs, one_loss, inputs_by_name, logits]
    return {**{make.__name__.replace("_", " "): make for make in models}, **{name: optimizers()[name] for name in few}}


def text(keras):
    layers = keras.layers
    x = keras.Input((4,), dtype="int32")
    y = layers.GRU(3)(layers.Embedding(6, 3)(x))
    model = keras.Model(x, layers.Dense(2, "softmax")(y))
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", ["accuracy"], run_eagerly=True)
    return model, [np.array([[1, 2, 3, 4], [5, 0, 1, 1]], "float32")], [np.array([[0], [1]], "float32")], False


def image(keras):
    layers = keras.layers
    parts = [layers.AveragePooling2D(input_shape=(4, 4, 1)), layers.Flatten(), layers.PReLU(), layers.Dense(1)]
    model = keras.Sequential(parts)
    optimizer = keras.optimizers.legacy.SGD(0.05, momentum=0.9, decay=0.1)
    model.compile(optimizer, keras.losses.LogCosh(), [keras.metrics.MeanAbsoluteError()], run_eagerly=True)
    return model, data(12, (3, 4, 4, 1)), data(13, (3, 1)), False


def fixtures_12():
    return {"text": text}


def fixtures_15():
    return {"image": image}


def everything():
    return {**architectures(), **optimizers()}
