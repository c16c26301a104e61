"""Every layer that Keras and TensorFlow.js both have, as Python programs write them, in several configurations.

Each row is a function that takes `keras` (Keras 3 or tf_keras) and gives a model; its inputs are drawn from -1 to 1, or
are whole numbers below what VOCABULARIES says.
"""

ROWS = {}
# Inputs of these are whole numbers below this.
VOCABULARIES = {}
# Why the rows are not trained.
UNTRAINED = {}
ONLY = {}


def row(name, *shape, vocabulary=None, untrained=None, dtype=None):
    """Layers in a row: the function gives a list of them."""

    def add(layers):
        def make(keras):
            given = keras.Input(shape, dtype=dtype) if dtype else keras.Input(shape)
            value = given
            for layer in layers(keras, keras.layers):
                value = layer(value)
            return keras.Model(given, value)

        return register(name, make, vocabulary, untrained)

    return add


def model(name, vocabulary=None, untrained=None):
    """The function gives the model itself."""
    return lambda make: register(name, lambda keras: make(keras, keras.layers), vocabulary, untrained)


def register(name, make, vocabulary, untrained):
    assert name not in ROWS
    ROWS[name] = make
    if vocabulary is not None:
        VOCABULARIES[name] = vocabulary
    if untrained is not None:
        UNTRAINED[name] = untrained
    return make


def is_keras3(keras):
    return keras.__name__ == "keras"


@row("Dense", 4)
def _(keras, l):
    regularizer = keras.regularizers.L1L2(0.01, 0.02)
    return [
        l.Dense(3, "gelu", kernel_initializer=keras.initializers.HeNormal(seed=1), name="first"),
        l.Dense(3, keras.activations.elu, use_bias=False, kernel_regularizer="l2"),
        l.Dense(3, "relu", bias_regularizer=regularizer, bias_initializer="ones"),
        l.Dense(2, activity_regularizer=None, kernel_constraint=keras.constraints.MaxNorm(9, axis=0)),
    ]


@row("Dense of rank 4", 2, 3, 4)
def _(keras, l):
    return [l.Dense(3, "tanh"), l.Dense(2, "softmax")]


@row("Dense that is not trainable", 4)
def _(keras, l):
    return [l.Dense(3, trainable=False), l.Dense(2), l.BatchNormalization(trainable=False)]


# Beside these, each library has some that another lacks or computes by another formula.
ACTIVATIONS = ["elu", "selu", "relu", "relu6", "linear", "sigmoid", "softplus", "softsign", "tanh", "softmax", "swish"]


@model("Activation")
def _(keras, l):
    x = keras.Input((4,))
    return keras.Model(x, l.Concatenate()([l.Activation(name)(x) for name in ACTIVATIONS] + [l.Dense(2)(x)]))


@row("activations of layers", 4)
def _(keras, l):
    return [
        l.Dense(4, "mish"),
        l.Dense(4, "silu"),
        l.Dense(4, "selu", kernel_initializer="lecun_normal"),
        l.Dense(4, keras.activations.softplus),
        l.Activation(keras.activations.tanh),
        l.Dense(4, keras.activations.gelu),
    ]


@row("Embedding", 5, vocabulary=7)
def _(keras, l):
    return [l.Embedding(7, 3, embeddings_initializer="normal"), l.Flatten(), l.Dense(2)]


@row("Embedding with a mask", 6, vocabulary=4, dtype="int32")
def _(keras, l):
    return [l.Embedding(4, 3, mask_zero=True), l.LSTM(3), l.Dense(1)]


@row("Conv1D", 8, 2)
def _(keras, l):
    return [
        l.Conv1D(3, 3, padding="same", activation="relu"),
        l.Conv1D(2, 2, strides=2, use_bias=False),
        l.Conv1D(2, 2, padding="causal"),
    ]


@row("Conv2D", 7, 6, 2)
def _(keras, l):
    return [
        l.Conv2D(3, (2, 3), strides=(2, 1), padding="same"),
        l.Conv2D(2, 2, use_bias=False, activation="relu", kernel_initializer="he_uniform"),
        l.Conv2D(2, 2, kernel_regularizer=keras.regularizers.L1(0.01)),
    ]


@row("dilated convolutions", 7, 6, 2, untrained="TensorFlow.js has no gradient of them")
def _(keras, l):
    return [l.Conv2D(2, 2, dilation_rate=(1, 2)), l.Reshape((6, 8)), l.Conv1D(2, 2, dilation_rate=2)]


@row("Conv3D", 4, 5, 4, 2)
def _(keras, l):
    return [l.Conv3D(2, (1, 2, 3)), l.Conv3D(2, 2, padding="same", use_bias=False)]


@row("Conv2DTranspose", 3, 4, 2)
def _(keras, l):
    return [l.Conv2DTranspose(3, 3, strides=2, padding="same"), l.Conv2DTranspose(2, (2, 1), use_bias=False)]


@row("Conv3DTranspose", 2, 3, 2, 2, untrained="TensorFlow.js has no gradient of it")
def _(keras, l):
    return [l.Conv3DTranspose(3, 2, strides=2), l.Conv3DTranspose(2, 2, padding="same", use_bias=False)]


@row("DepthwiseConv2D", 5, 5, 2)
def _(keras, l):
    return [
        l.DepthwiseConv2D(2, depth_multiplier=2, depthwise_regularizer="l2"),
        l.DepthwiseConv2D((3, 2), use_bias=False, padding="same", activation="relu"),
    ]


@row("SeparableConv2D", 6, 6, 2)
def _(keras, l):
    return [
        l.SeparableConv2D(3, 2, depth_multiplier=2),
        l.SeparableConv2D(2, (1, 2), use_bias=False, padding="same", pointwise_initializer="he_normal"),
    ]


@row("BatchNormalization", 4, 3)
def _(keras, l):
    return [
        l.BatchNormalization(),
        l.BatchNormalization(momentum=0.5, epsilon=0.01),
        l.Dense(2),
    ]


@row("normalizations without all of their weights", 4, 3, untrained="TensorFlow.js has no gradient of them")
def _(keras, l):
    return [
        l.BatchNormalization(axis=1),
        l.BatchNormalization(center=False, epsilon=0.01),
        l.BatchNormalization(scale=False),
        l.BatchNormalization(center=False, scale=False),
        l.LayerNormalization(axis=[1, 2], center=False, epsilon=0.1),
        l.LayerNormalization(scale=False, epsilon=0.1),
    ]


@row("LayerNormalization", 4, 3)
def _(keras, l):
    return [
        l.LayerNormalization(epsilon=0.1),
        l.LayerNormalization(axis=1, epsilon=0.1),
        l.Dense(2),
    ]


def slope(keras, value):
    return {"negative_slope" if is_keras3(keras) else "alpha": value}


@row("activations with options", 4, 3)
def _(keras, l):
    return [
        l.Dense(3),
        l.LeakyReLU(**slope(keras, 0.2)),
        l.PReLU(),
        l.PReLU(shared_axes=[1]),
        l.ELU(alpha=0.7),
        l.ReLU(max_value=6, negative_slope=0.0, threshold=0.0),
        l.Softmax(axis=-1),
    ]


@row("random layers", 4, 3)
def _(keras, l):
    return [
        l.Dense(3),
        l.Dropout(0.3, seed=1),
        l.SpatialDropout1D(0.2),
        l.GaussianNoise(0.1),
        l.GaussianDropout(0.2),
        l.AlphaDropout(0.2),
        l.Dropout(0.2, noise_shape=(None, 1, 3)),
    ]


@row("shapes", 4, 6)
def _(keras, l):
    return [
        l.Dense(6),
        l.Permute((2, 1)),
        l.Reshape((3, 8)),
        l.Reshape((-1, 4)),
        l.Flatten(),
        l.RepeatVector(2),
        l.Flatten(),
        l.Dense(2),
    ]


@row("Masking", 4, 3, untrained="TensorFlow.js has no gradient of Any")
def _(keras, l):
    return [l.Masking(0.5), l.GRU(2, reset_after=False)]


@row("pooling of signals", 9, 2)
def _(keras, l):
    return [
        l.Conv1D(3, 2),
        l.MaxPooling1D(2, strides=1, padding="same"),
        l.AveragePooling1D(3),
        l.GlobalAveragePooling1D(),
        l.Dense(2),
    ]


@model("global pooling")
def _(keras, l):
    x = keras.Input((5, 3))
    y = keras.Input((4, 4, 2))
    a = l.Conv1D(4, 2)(x)
    b = l.Conv2D(4, 2)(y)
    found = [l.GlobalMaxPooling1D()(a), l.GlobalAveragePooling1D()(a)]
    found += [l.GlobalMaxPooling2D()(b), l.GlobalAveragePooling2D()(b)]
    return keras.Model([x, y], l.Concatenate()(found))


@row("pooling of images", 6, 6, 2)
def _(keras, l):
    return [
        l.Conv2D(3, 2),
        l.MaxPooling2D((1, 2), padding="same"),
        l.AveragePooling2D(2, strides=1),
        l.ZeroPadding2D(((1, 0), (0, 2))),
        l.UpSampling2D((2, 1)),
        l.Cropping2D(((1, 0), (1, 1))),
        l.UpSampling2D(2, interpolation="nearest"),
        l.Flatten(),
        l.Dense(2),
    ]


@row("pooling of volumes", 4, 4, 4, 2)
def _(keras, l):
    return [l.Conv3D(2, 1), l.MaxPooling3D((1, 2, 2)), l.AveragePooling3D(2), l.Flatten(), l.Dense(2)]


@row("Rescaling", 4, 4, 2)
def _(keras, l):
    return [l.Rescaling(0.5, offset=0.1), l.Flatten(), l.Dense(2)]


@model("merges")
def _(keras, l):
    x = keras.Input((3, 4))
    left, right = l.Dense(3, name="left")(x), l.Dense(3, name="right")(x)
    both = [left, right]
    found = [l.Add()(both), l.Multiply()(both), l.Average()(both), l.Maximum()(both), l.Minimum()(both)]
    found += [l.Concatenate(axis=1)(both), l.Dot(axes=2)(both), l.Dot((1, 1), normalize=True)(both)]
    return keras.Model(x, [l.Flatten()(one) for one in found])


@row("SimpleRNN", 4, 3)
def _(keras, l):
    return [l.SimpleRNN(3, return_sequences=True), l.SimpleRNN(2, use_bias=False, go_backwards=True)]


@row("LSTM", 4, 3)
def _(keras, l):
    return [
        l.LSTM(3, return_sequences=True),
        l.LSTM(3, return_sequences=True, unit_forget_bias=False),
        l.LSTM(3, return_sequences=True, go_backwards=True),
        l.LSTM(2, return_sequences=True, dropout=0.0, recurrent_initializer="glorot_uniform"),
        l.LSTM(2, use_bias=False, activation="relu", unroll=True),
    ]


@row("GRU", 4, 3)
def _(keras, l):
    return [
        l.GRU(3, return_sequences=True),
        l.GRU(3, return_sequences=True, reset_after=False),
        l.GRU(2, return_sequences=True, go_backwards=True, recurrent_activation="tanh"),
        l.GRU(2, use_bias=False),
    ]


@row("recurrent layers with dropout", 4, 3)
def _(keras, l):
    return [
        l.SimpleRNN(3, return_sequences=True, dropout=0.2, recurrent_dropout=0.1),
        l.LSTM(3, return_sequences=True, dropout=0.2, seed=3) if is_keras3(keras) else l.LSTM(3, return_sequences=True),
        l.GRU(2, recurrent_dropout=0.3),
    ]


@model("recurrent layers with states", untrained="TensorFlow.js does not train two layers with initial states")
def _(keras, l):
    x = keras.Input((4, 3))
    y, h, c = l.LSTM(2, return_state=True, return_sequences=True)(x)
    z, s = l.GRU(2, return_state=True, return_sequences=True)(y, initial_state=h)
    w, t = l.SimpleRNN(2, return_state=True)(z)
    return keras.Model(x, [l.LSTM(2)(z, initial_state=[h, c]), s, w, t])


@model("stateful recurrent layers")
def _(keras, l):
    x = keras.Input(batch_shape=(2, 4, 3)) if is_keras3(keras) else keras.Input((4, 3), batch_size=2)
    y = l.SimpleRNN(2, return_sequences=True, stateful=True)(x)
    y = l.GRU(2, return_sequences=True, stateful=True)(y)
    return keras.Model(x, l.LSTM(3, stateful=True)(y))


@row("RNN of cells", 4, 3)
def _(keras, l):
    return [
        l.RNN(l.SimpleRNNCell(3), return_sequences=True),
        l.RNN(l.GRUCell(2, reset_after=False), return_sequences=True, go_backwards=True),
        l.RNN([l.LSTMCell(3), l.GRUCell(2), l.SimpleRNNCell(4)], return_sequences=True),
        l.RNN(l.StackedRNNCells([l.LSTMCell(3), l.LSTMCell(2)])),
    ]


@row("ConvLSTM2D", 3, 4, 4, 2)
def _(keras, l):
    return [
        l.ConvLSTM2D(2, 2, return_sequences=True),
        l.ConvLSTM2D(3, (1, 2), padding="same", use_bias=False),
    ]


@row("hard sigmoids, which are two", 4, 3)
def _(keras, l):
    return [l.LSTM(3, recurrent_activation="hard_sigmoid", return_sequences=True), l.Dense(2, "hard_sigmoid")]


@row("Bidirectional", 4, 3)
def _(keras, l):
    return [
        l.Bidirectional(l.LSTM(2, return_sequences=True)),
        l.Bidirectional(l.GRU(2, return_sequences=True), merge_mode="sum"),
        l.Bidirectional(l.SimpleRNN(2, return_sequences=True), merge_mode="ave"),
        l.Bidirectional(l.LSTM(2, return_sequences=True), merge_mode="mul", name="named"),
        l.Bidirectional(l.LSTM(2)),
    ]


@row("Bidirectional of two different layers", 4, 3)
def _(keras, l):
    return [
        l.Bidirectional(
            l.LSTM(2, return_sequences=True), backward_layer=l.LSTM(2, return_sequences=True, go_backwards=True)
        )
    ]


@row("TimeDistributed", 3, 5, 5, 2)
def _(keras, l):
    inner = keras.Sequential([keras.Input((8,)), l.Dense(3, "tanh"), l.Dense(2)])
    return [
        l.TimeDistributed(l.Conv2D(2, 2)),
        l.TimeDistributed(l.MaxPooling2D()),
        l.TimeDistributed(l.Flatten()),
        l.TimeDistributed(inner),
        l.TimeDistributed(l.Dense(2)),
        l.LSTM(2),
    ]


@model("a Sequential without an Input")
def _(keras, l):
    made = keras.Sequential([l.Dense(3, "relu"), l.BatchNormalization(), l.Dense(2)])
    made.build((None, 4))
    return made


@model("a Sequential of Sequentials")
def _(keras, l):
    inner = keras.Sequential([keras.Input((4,)), l.Dense(3), l.BatchNormalization()], name="inner")
    return keras.Sequential([keras.Input((4,), batch_size=3), inner, keras.Sequential([l.Dense(2)]), l.Dense(1)])


@model("shared layers and models")
def _(keras, l):
    x = keras.Input((4,), name="seen")
    tower = keras.Model(x, l.Dense(3, "relu", name="within")(l.Dense(4, name="dense_7")(x)), name="tower")
    a, b = keras.Input((4,)), keras.Input((4,))
    shared = l.Dense(3, name="same")
    both = [shared(tower(a)), shared(tower(b)), shared(tower(a))]
    return keras.Model([a, b], l.Dense(1)(l.Concatenate()(both)))


@model("several inputs and outputs, by name")
def _(keras, l):
    b, a = keras.Input((3,), name="b"), keras.Input((2,), name="a")
    joined = l.Concatenate(name="joined")([b, a])
    return keras.Model([b, a], [l.Dense(2, name="z")(joined), l.Dense(1, name="y")(joined), joined])


@model("branches made in another order")
def _(keras, l):
    x = keras.Input((4,))
    last, right = l.Dense(2), l.Dense(3)
    left = [l.Dense(3) for _ in range(3)]
    y = x
    for layer in left[::-1]:
        y = layer(y)
    return keras.Model(x, last(l.Add()([right(x), y])))


@model("more than ten layers of a class")
def _(keras, l):
    return keras.Sequential([keras.Input((3,))] + [l.Dense(3, use_bias=i % 2 == 0) for i in range(12)])


@row("mixed precision", 4)
def _(keras, l):
    # The weights are float32; what TensorFlow.js computes in float32 is compared with float32.
    return [l.Dense(3, dtype="float32"), l.Dense(2, name="last", dtype=policy(keras, "float32"))]


def policy(keras, name):
    return keras.DTypePolicy(name) if is_keras3(keras) else keras.mixed_precision.Policy(name)


@model("an encoder and a decoder of tokens", vocabulary=6)
def _(keras, l):
    words, before = keras.Input((5,), name="words"), keras.Input((4,), name="before")
    _, *states = l.LSTM(3, return_state=True, name="encoder")(l.Embedding(6, 3)(words))
    decoded = l.LSTM(3, return_sequences=True, name="decoder")(l.Embedding(6, 2)(before), initial_state=states)
    return keras.Model([words, before], l.TimeDistributed(l.Dense(4, "softmax"))(decoded))
