"""Architectures for reading.py, made of what Keras 3 and tf_keras (K) spell alike. reading-models.ts has them in
TensorFlow.js.
"""
MODELS = {}


def architecture(build):
    MODELS[build.__name__] = build
    return build


def lstm(K, units, **options):
    return K.layers.LSTM(units, recurrent_activation="sigmoid", **options)


def gru(K, units, **options):
    return K.layers.GRU(units, recurrent_activation="sigmoid", reset_after=False, **options)


@architecture
def plain(K):
    l = K.layers
    dense = l.Dense(3, activation="relu")
    return K.Sequential([l.Input((4,)), dense, l.Dropout(0.5), l.BatchNormalization(), l.Dense(2)])


@architecture
def images(K):
    l = K.layers
    return K.Sequential([
        l.Input((8, 8, 2)),
        l.Conv2D(3, 2),
        l.BatchNormalization(scale=False),
        l.DepthwiseConv2D(2, depth_multiplier=2),
        l.Conv2DTranspose(2, 2, use_bias=False),
        l.SeparableConv2D(3, 2),
        l.PReLU(),
        l.PReLU(shared_axes=[1, 2]),
        l.LayerNormalization(),
        l.GlobalAveragePooling2D(),
        l.Dense(2),
    ])


@architecture
def ranks(K):
    l = K.layers
    signal, volume = l.Input((6, 2)), l.Input((3, 3, 3, 1))
    a = l.GlobalAveragePooling1D()(l.Conv1D(3, 2)(signal))
    b = l.Conv3DTranspose(1, 2)(l.Conv3D(2, 2)(volume))
    return K.Model([signal, volume], [l.Dense(2)(a), l.Dense(1)(l.Concatenate()([l.Flatten()(b), a]))])


@architecture
def words(K):
    l = K.layers
    return K.Sequential([
        l.Input((5,)),
        l.Embedding(4, 3),
        lstm(K, 2, return_sequences=True, dropout=0.1),
        l.SimpleRNN(3, return_sequences=True),
        gru(K, 2),
    ])


@architecture
def wrapped(K):
    l = K.layers
    inner = K.Sequential([l.Input((4,)), l.Dense(3), l.BatchNormalization()])
    return K.Sequential([
        l.Input((4, 3)),
        l.Bidirectional(lstm(K, 2, return_sequences=True)),
        l.TimeDistributed(inner),
        l.TimeDistributed(l.Dense(2, use_bias=False)),
        l.RNN(l.LSTMCell(2, recurrent_activation="sigmoid"), return_sequences=True, go_backwards=True),
        l.Bidirectional(gru(K, 2), merge_mode="sum"),
    ])


@architecture
def stacked(K):
    l = K.layers
    cells = [l.LSTMCell(2, recurrent_activation="sigmoid"), l.SimpleRNNCell(3)]
    return K.Sequential([l.Input((3, 2)), l.Dense(2), l.RNN(cells), l.Dense(2)])


@architecture
def films(K):
    l = K.layers
    layer = l.ConvLSTM2D(2, 2, recurrent_activation="sigmoid")
    return K.Sequential([l.Input((3, 4, 4, 1)), layer, l.Flatten(), l.Dense(2)])


@architecture
def branches(K):
    """Layers are made in another order than they are used in, at several depths, one of them twice; outputs are
    crossed.
    """
    l = K.layers
    late, shared, early = l.Dense(3), l.Dense(4), l.Dense(4)
    x, y = l.Input((4,)), l.Input((4,))
    a = early(x)
    b = shared(shared(y))
    c = l.Add()([b, a])
    d = l.BatchNormalization()(b)
    e = late(l.Concatenate()([c, d, x]))
    f = l.Dense(2)(a)
    return K.Model([y, x], [f, e, l.Dense(2)(l.Add()([l.Dense(3)(y), e]))])


@architecture
def nested(K):
    l = K.layers
    deepest = K.Sequential([l.Input((3,)), l.Dense(3), l.BatchNormalization()])
    x = l.Input((3,))
    middle = K.Model(x, l.Add()([deepest(l.Dense(3)(x)), l.Dense(3)(x)]))
    outer = K.Sequential([l.Input((3,)), middle, l.Dense(2)])
    z = l.Input((3,))
    return K.Model(z, [outer(z), middle(l.Dense(3)(z))])


def Subclassed(K):
    l = K.layers

    class Model(K.Model):
        def __init__(self):
            super().__init__()
            self.last = l.Dense(2)
            self.first = l.Dense(3)
            self.part = K.Sequential([l.Input((3,)), l.Dense(3), l.LayerNormalization()])
            self.blocks = [l.Dense(4), l.Dense(3)]

        def call(self, x, training=False):
            x = self.part(self.first(x))
            for block in self.blocks:
                x = block(x)
            return self.last(x)

    return Model()
