"""The models of configs.py: for each, the forms in which it is written, and a function that makes it."""
import numpy as np

ALL = ["keras", "keras h5", "tf_keras", "tf_keras h5"]
NEW = ["keras", "keras h5"]
TWO = ["keras", "tf_keras h5"]


def data(seed, *shapes):
    random = np.random.default_rng(seed)
    return [random.uniform(-1, 1, shape).astype("float32") for shape in shapes]


def integers(seed, most, *shapes):
    random = np.random.default_rng(seed)
    return [random.integers(0, most, shape).astype("int32") for shape in shapes]


def dense(keras):
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Dense(5, "relu", kernel_regularizer="l2"),
            layers.Dropout(0.0, seed=3),
            layers.Dense(3, kernel_initializer=keras.initializers.HeNormal(seed=1)),
            layers.Softmax(),
        ]
    )
    model.build((None, 4))
    model.compile(keras.optimizers.Adam(0.01, clipnorm=0.5), "categorical_crossentropy", metrics=["accuracy"])
    return model, data(1, (6, 4)), [np.eye(3, dtype="float32")[[0, 1, 2, 0, 1, 2]]]


def images(keras):
    layers = keras.layers
    x = inputs = keras.Input((8, 8, 3))
    x = layers.Rescaling(0.5, offset=0.1)(x)
    x = layers.Conv2D(4, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU(6.0)(x)
    x = layers.DepthwiseConv2D(3, strides=2, padding="same", activation="swish")(x)
    y = layers.SeparableConv2D(8, 3, padding="same", activation="gelu")(x)
    x = layers.Concatenate()([x, y])
    x = layers.MaxPooling2D()(x)
    x = layers.LeakyReLU(0.2)(x)
    x = layers.Conv2DTranspose(4, 2, strides=2)(x)
    x = layers.UpSampling2D(2, interpolation="nearest")(x)
    x = layers.LayerNormalization()(x)
    x = layers.SpatialDropout2D(0.2)(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(2)(x)), data(2, (3, 8, 8, 3)), None


def sequences(keras):
    layers = keras.layers
    inputs = keras.Input((6, 3))
    x = layers.Bidirectional(layers.LSTM(2, return_sequences=True))(inputs)
    x = layers.Bidirectional(layers.GRU(2, return_sequences=True), merge_mode="sum")(x)
    x = layers.TimeDistributed(layers.Dense(3, "tanh"))(x)
    x = layers.RNN([layers.LSTMCell(2), layers.GRUCell(3)], return_sequences=True)(x)
    x, h, c = layers.LSTM(2, return_sequences=True, return_state=True, go_backwards=True)(x)
    x = layers.LSTM(2)(x, initial_state=[h, c])
    x = layers.Concatenate()([x, layers.SimpleRNN(2)(inputs)])
    return keras.Model(inputs, x), data(3, (2, 6, 3)), None


def masks(keras):
    layers = keras.layers
    x = tokens = keras.Input((5,), dtype="int32")
    x = layers.Embedding(10, 4, mask_zero=True)(x)
    x = layers.LSTM(3, return_sequences=True)(x)
    x = layers.LSTM(3)(layers.Dropout(0.0)(x))
    values = keras.Input((4, 2))
    y = layers.GRU(3)(layers.Masking(0.5)(values))
    model = keras.Model([tokens, values], layers.Dense(1)(layers.Add()([x, y])))
    model.compile(keras.optimizers.SGD(0.05), "mse")
    filled = data(4, (3, 4, 2))[0]
    filled[1, 2:] = 0.5
    given = integers(4, 10, (3, 5))[0]
    given[0, 3:] = 0
    given[2, 1:] = 0
    return model, [given, filled], data(5, (3, 1))


def merged(keras):
    """Masks that meet: Keras 3 and tf_keras put them together in different ways."""
    layers = keras.layers
    tokens, others, values = keras.Input((5,), dtype="int32"), keras.Input((5,), dtype="int32"), keras.Input((5, 3))
    x, y = (layers.Embedding(10, 3, mask_zero=True)(one) for one in (tokens, others))
    outputs = [
        layers.LSTM(2)(layers.Add()([x, values])),
        layers.LSTM(2)(layers.Subtract()([values, y])),
        layers.LSTM(2)(layers.Average()([x, y])),
        layers.LSTM(2)(layers.Add()([x, y, layers.Masking()(x)])),
        layers.LSTM(2)(layers.Concatenate()([x, y])),
        layers.LSTM(2)(layers.Concatenate()([x, values])),
        layers.LSTM(2)(layers.Dot(axes=(1, 1))([x, y])),
    ]
    given = [integers(i, 10, (3, 5))[0] + 1 for i in (4, 5)]
    given[0][0, 3:] = given[0][2, :2] = given[1][1, 2:] = given[1][0, 4:] = given[1][2, :1] = 0
    return keras.Model([tokens, others, values], outputs), [*(one % 10 for one in given), *data(6, (3, 5, 3))], None


def stated(keras):
    """A mask and an initial state: the output of masked steps at the beginning is 0."""
    layers = keras.layers
    values, h, c = keras.Input((4, 2)), keras.Input((3,)), keras.Input((3,))
    x = layers.Masking(0.5)(values)
    outputs = [
        layers.LSTM(3, return_sequences=True)(x, initial_state=[h, c]),
        *layers.SimpleRNN(3, return_state=True)(x, initial_state=h),
        layers.GRU(3, reset_after=False, go_backwards=True)(x, initial_state=h),
        layers.GRU(3)(x, initial_state=c),
    ]
    filled, *states = data(4, (3, 4, 2), (3, 3), (3, 3))
    filled[0, :2] = filled[1] = filled[2, 3:] = 0.5
    return keras.Model([values, h, c], outputs), [filled, *states], None


def volumes(keras):
    layers = keras.layers
    inputs = keras.Input((3, 4, 4, 2))
    x = layers.BatchNormalization()(layers.Conv3D(3, 2)(inputs))
    model = keras.Model(inputs, layers.Dense(1)(layers.Flatten()(x)))
    model.compile(keras.optimizers.SGD(0.01), "mse")
    return model, data(4, (3, 3, 4, 4, 2)), data(5, (3, 1))


def nested(keras):
    layers = keras.layers
    inner_input = keras.Input((3,), name="of_inner")
    inner = keras.Model(inner_input, layers.Dense(3, "tanh", name="d")(inner_input), name="inner")
    sequence = keras.Sequential([layers.Dense(4, "relu"), layers.Dense(3)], name="sequence")
    other_input = keras.Input((3,), name="of_other")
    other = keras.Model(other_input, layers.Dense(3, "tanh", name="d2")(other_input), name="inner2")
    deep = keras.Sequential([keras.Input((3,)), other, layers.Dense(3, name="d3")], name="deep")
    inputs = keras.Input((3,))
    x = inner(inner(inputs))
    y = sequence(x)
    z = deep(y)
    shared = layers.Dense(3, name="shared")
    model = keras.Model(inputs, [sequence(z), inner(shared(shared(y))), layers.Average()([x, y, z])])
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True), ["mse", "mae", "mse"])
    return model, data(6, (4, 3)), data(7, (4, 3), (4, 3), (4, 3))


def named(keras):
    """Inputs and outputs by name, not in the order of the names."""
    layers = keras.layers
    b, a = keras.Input((2,), name="in_b"), keras.Input((3,), name="in_a")
    x = layers.Concatenate()([a, b])
    outputs = {"second": layers.Dense(2, name="two")(x), "first": layers.Dense(1, name="one")(x)}
    inner = keras.Model({"b": b, "a": a}, outputs["second"], name="inner")
    c, d = keras.Input((2,), name="c"), keras.Input((3,), name="d")
    y = inner({"a": d, "b": c})
    model = keras.Model([c, d], [layers.Dense(1, name="last")(y), y])
    model.compile(keras.optimizers.Adamax(0.01), {"last": "mse", "inner": "mae"}, metrics={"last": ["mae"]})
    return model, data(8, (4, 2), (4, 3)), data(9, (4, 1), (4, 2))


def shared(keras):
    """Calls of one layer that become possible in another order than they were made in."""
    layers = keras.layers
    x, z = keras.Input((3,), name="x"), keras.Input((3,), name="z")
    d, e = layers.Dense(3, name="d"), layers.Dense(3, name="e")
    late = d(layers.Dense(3, "tanh", name="before")(layers.Dense(3, name="first")(x)))
    early = d(x)
    y = e(x)
    back = e(layers.Dense(3, "tanh", name="between")(y))
    plain = e(z)
    return keras.Model([x, z], [late, early, back, plain, y]), data(13, (4, 3), (4, 3)), None


def basics():
    """In few forms, so that they are made soon; `all_basics` has the others."""
    forms = {"dense": ["keras", "tf_keras h5"], "nested": ["keras", "tf_keras h5"]}
    made = {name: (forms.get(name, ["keras"]), make) for name, (_, make) in all_basics().items()}
    traps = {"merged": (TWO, merged), "stated": (["tf_keras h5"], stated), "volumes": (["keras"], volumes)}
    return {**made, **traps, "loss from logits": (["keras", "tf_keras h5"], optimizers()["loss from logits"][1])}


def all_basics():
    return {
        "shared": (ALL, shared),
        "dense": (ALL, dense),
        "images": (ALL, images),
        "sequences": (ALL, sequences),
        "masks": (ALL, masks),
        "nested": (ALL, nested),
        "named": (ALL, named),
    }


def one(make, *inputs):
    """A model of one layer."""

    def build(keras):
        given = [keras.Input(i.shape[1:], dtype=str(i.dtype)) for i in inputs]
        out = make(keras.layers)(given if len(given) > 1 else given[0])
        return keras.Model(given, out), list(inputs), None

    return build


def operations(keras):
    if keras.__name__ == "tf_keras" or "tf_keras" in keras.__file__:
        import tensorflow as ops

        mean = lambda x: ops.reduce_mean(x, axis=1, keepdims=True)
        together = lambda x: ops.concat(x, axis=-1)
    else:
        ops = keras.ops
        mean = lambda x: ops.mean(x, axis=1, keepdims=True)
        together = lambda x: ops.concatenate(x, axis=-1)
    inputs = keras.Input((4, 6))
    x = 1.5 - keras.layers.Dense(6)(inputs * 2) / 3
    x = ops.maximum(x, inputs) + mean(x)
    x = together([x, -x])
    x = keras.layers.ReLU(6.0)(x + 3.0) * (1.0 / 6.0)
    x = ops.reshape(ops.exp(x) ** 2, (-1, 48))
    return keras.Model(inputs, keras.layers.Dense(2)(x)), data(10, (3, 4, 6)), None


def activations(names):
    def make(keras):
        inputs = keras.Input((5,))
        outputs = [keras.layers.Activation(name)(inputs) for name in names]
        x = keras.layers.Reshape((5, 1))(inputs)
        outputs.append(keras.layers.LSTM(2, recurrent_activation="hard_sigmoid")(x))
        return keras.Model(inputs, outputs), [4 * data(11, (3, 5))[0]], None

    return make


def normalized(keras):
    inputs = keras.Input((3, 2))
    normalization = keras.layers.Normalization()
    normalization.build((None, 3, 2))
    x = keras.layers.Normalization(mean=[0.5, 1.0], variance=[2.0, 3.0])(normalization(inputs))
    x = keras.layers.Normalization(axis=None, mean=1.0, variance=4.0, invert=True)(x)
    return keras.Model(inputs, x), data(12, (2, 3, 2)), None


def reshaped(keras):
    layers = keras.layers
    x = layers.Reshape((5, -1))(inputs := keras.Input((6, 5, 3)))
    x = layers.Flatten()(layers.Reshape((-1, 3))(x))
    return keras.Model(inputs, layers.Dense(2)(x)), data(24, (2, 6, 5, 3)), None


def trained(keras):
    """Gradients through what TensorFlow.js lacks by itself."""
    layers = keras.layers
    x = inputs = keras.Input((8, 8, 3))
    for layer in [
        layers.Conv2D(3, 3, padding="same"),
        layers.ELU(0.7),
        layers.Conv2D(3, 3),
        layers.ReLU(2.0, 0.1, 0.2),
        layers.Rescaling([1.0, 0.5, 2.0]),
        layers.UpSampling2D(2, interpolation="bilinear"),
        layers.Conv2D(4, 3, activation="exponential"),
        layers.GlobalAveragePooling2D(keepdims=True),
        layers.UnitNormalization(),
        layers.Reshape((1, 4)),
        layers.ZeroPadding1D(2),
        layers.Conv1D(3, 2, padding="causal"),
        layers.Cropping1D(1),
        layers.UpSampling1D(2),
        layers.Flatten(),
    ]:
        x = layer(x)
    model = keras.Model(inputs, layers.Subtract()([layers.Dense(2)(x), layers.Dense(2)(x)]))
    model.compile(keras.optimizers.SGD(0.01), "mse")
    return model, data(25, (2, 8, 8, 3)), data(26, (2, 2))


def mixed(keras):
    """Computes in float16 in Keras, so that both agree to its precision only."""
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        x = keras.layers.Dense(4)(inputs := keras.Input((3,)))
        return keras.Model(inputs, keras.layers.Dense(2, dtype="float32")(0 * x)), data(27, (2, 3)), None
    finally:
        keras.mixed_precision.set_global_policy("float32")


def added():
    three, four, five = data(20, (2, 6, 3))[0], data(21, (2, 6, 5, 3))[0], data(22, (2, 4, 5, 6, 3))[0]
    a, b = data(23, (2, 4), (2, 4))
    layers = {
        "subtract": one(lambda l: l.Subtract(), a, b),
        "unit": one(lambda l: l.UnitNormalization(), three),
        "rescaling": one(lambda l: l.Rescaling([1.0, 2.0, 0.5], [0.1, 0.2, 0.3]), four),
        "relu": one(lambda l: l.ReLU(0.5, 0.1, 0.2), three),
        "sloped relu": one(lambda l: l.ReLU(negative_slope=0.1), three),
        "late relu": one(lambda l: l.ReLU(threshold=0.2), three),
        "elu": one(lambda l: l.ELU(0.5), three),
        "pools": one(lambda l: l.GlobalAveragePooling2D(keepdims=True), four),
        "max pools": one(lambda l: l.GlobalMaxPooling1D(keepdims=True), three),
        "pools 3d": one(lambda l: l.GlobalMaxPooling3D(), five),
        "padding 1d": one(lambda l: l.ZeroPadding1D((1, 2)), three),
        "padding 3d": one(lambda l: l.ZeroPadding3D(((1, 2), (0, 1), (2, 2))), five),
        "cropping 1d": one(lambda l: l.Cropping1D((1, 2)), three),
        "cropping 3d": one(lambda l: l.Cropping3D((1, 1, 2)), five),
        "upsampling 1d": one(lambda l: l.UpSampling1D(3), three),
        "upsampling 3d": one(lambda l: l.UpSampling3D((1, 2, 3)), five),
        "bilinear": one(lambda l: l.UpSampling2D((2, 3), interpolation="bilinear"), four),
        "causal": one(lambda l: l.Conv1D(4, 3, padding="causal", dilation_rate=2), three),
        "strided causal": one(lambda l: l.Conv1D(4, 2, strides=2, padding="causal"), three),
    }
    activations_of_both = ["exponential", "hard_sigmoid", "swish", "gelu", "mish", "relu6", "selu", "softsign"]
    return {
        **{name: (["keras", "tf_keras h5"], make) for name, make in layers.items()},
        "operations": (ALL, operations),
        "activations": (ALL, activations(activations_of_both)),
        "activations of Keras 3": (NEW, activations(["hard_silu", "leaky_relu", "log_sigmoid", "log_softmax", "silu"])),
        "normalization": (ALL, normalized),
        "reshaped": (NEW, reshaped),
        "mixed": (["keras", "tf_keras h5"], mixed),
        "trained": (["keras", "tf_keras h5"], trained),
    }


def small(optimizer, loss="mse", **compiled):
    def make(keras):
        layers = keras.layers
        x = layers.Dense(5, "tanh")(inputs := keras.Input((4,)))
        model = keras.Model(inputs, layers.Dense(2, kernel_regularizer=keras.regularizers.L1L2(0.01, 0.02))(x))
        model.compile(optimizer(keras.optimizers), loss(keras.losses) if callable(loss) else loss, **compiled)
        return model, data(1, (6, 4)), data(2, (6, 2))

    return make


def scaled(o):
    if hasattr(o, "LossScaleOptimizer"):
        return o.LossScaleOptimizer(o.Adam(0.01))
    return __import__("tf_keras").mixed_precision.LossScaleOptimizer(o.Adam(0.01))


def optimizers():
    both = {
        "sgd": lambda o: o.SGD(0.05),
        "momentum": lambda o: o.SGD(0.05, momentum=0.9, weight_decay=0.01),
        "nesterov": lambda o: o.SGD(0.05, momentum=0.9, nesterov=True, clipvalue=0.1),
        "adam": lambda o: o.Adam(0.01, clipnorm=0.5),
        "amsgrad": lambda o: o.Adam(0.01, beta_1=0.8, epsilon=1e-4, amsgrad=True),
        "adamw": lambda o: o.AdamW(0.01, weight_decay=0.02, global_clipnorm=0.5),
        "adamax": lambda o: o.Adamax(0.01),
        "adagrad": lambda o: o.Adagrad(0.1, initial_accumulator_value=0.2),
        "adadelta": lambda o: o.Adadelta(1.0),
        "rmsprop": lambda o: o.RMSprop(0.01),
        "centered": lambda o: o.RMSprop(0.01, momentum=0.5, centered=True),
        "nadam": lambda o: o.Nadam(0.01),
        "loss scale": scaled,
        "exponential": lambda o: o.SGD(o.schedules.ExponentialDecay(0.1, 2, 0.5)),
        "staircase": lambda o: o.Adam(o.schedules.ExponentialDecay(0.1, 2, 0.5, staircase=True)),
        "inverse": lambda o: o.Adam(o.schedules.InverseTimeDecay(0.1, 2, 0.5)),
        "inverse steps": lambda o: o.Adam(o.schedules.InverseTimeDecay(0.1, 2, 0.5, staircase=True)),
        "polynomial": lambda o: o.SGD(o.schedules.PolynomialDecay(0.1, 2, 0.01, 2.0, cycle=True)),
        "piecewise": lambda o: o.SGD(o.schedules.PiecewiseConstantDecay([0, 1], [0.1, 0.05, 0.01])),
        "cosine": lambda o: o.SGD(o.schedules.CosineDecay(0.01, 4, 0.1, warmup_target=0.1, warmup_steps=2)),
        "plain cosine": lambda o: o.Adam(o.schedules.CosineDecay(0.1, 2)),
        "restarts": lambda o: o.SGD(o.schedules.CosineDecayRestarts(0.1, 2, 2.0, 0.5, 0.1)),
    }
    made = {name: (ALL, small(make)) for name, make in both.items()}
    made["scaled loss"] = (NEW, small(lambda o: o.Adam(0.01, loss_scale_factor=8.0)))
    made["average"] = (NEW, small(lambda o: o.Adam(0.01, use_ema=True)))
    for name in ["mae", "mape", "msle", "squared_hinge", "hinge", "log_cosh", "poisson"]:
        made[f"loss {name}"] = (["keras", "tf_keras h5"], small(lambda o: o.SGD(0.01), name))
    made["loss class"] = (ALL, small(lambda o: o.SGD(0.01), lambda l: l.MeanSquaredError(), metrics=["mae"]))
    made["loss from logits"] = (ALL, small(lambda o: o.SGD(0.01), lambda l: l.BinaryCrossentropy(from_logits=True)))
    made["weighted"] = (ALL, small(lambda o: o.SGD(0.01), loss_weights=[2.0], weighted_metrics=["mse"]))
    made["lacking"] = (NEW, small(lambda o: o.Lion(0.01)))
    return made
