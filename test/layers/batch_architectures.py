"""Well-known architectures, written as one writes them in Python; architectures.ts has the same in TypeScript.

No layer is named and nothing crosses over as JSON: names, order and keys are what each side makes of its own code.
Layers are created in the same order on both sides. The options that are given are those whose defaults differ in
TensorFlow.js.
"""
import tf_keras as keras

layers = keras.layers


def lenet():
    return keras.Sequential([
        layers.Conv2D(6, 5, padding="same", activation="tanh", input_shape=(28, 28, 1)),
        layers.AveragePooling2D(2),
        layers.Conv2D(16, 5, activation="tanh"),
        layers.AveragePooling2D(2),
        layers.Conv2D(20, 5, activation="tanh"),
        layers.Flatten(),
        layers.Dense(84, activation="tanh"),
        layers.Dense(10, activation="softmax"),
    ])


def residual(x, filters, stride):
    shortcut = x
    y = layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False)(x)
    y = layers.BatchNormalization()(y)
    y = layers.ReLU()(y)
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(y)
    y = layers.BatchNormalization()(y)
    if stride != 1 or x.shape[-1] != filters:
        shortcut = layers.Conv2D(filters, 1, strides=stride, use_bias=False)(x)
        shortcut = layers.BatchNormalization()(shortcut)
    return layers.ReLU()(layers.Add()([y, shortcut]))


def resnet():
    image = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 3, padding="same", use_bias=False)(image)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    for filters, stride in [(4, 1), (4, 1), (8, 2), (8, 1), (12, 2)]:
        x = residual(x, filters, stride)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(5, activation="softmax")(x))


def inverted_residual(x, expansion, filters, stride):
    channels = x.shape[-1]
    y = x
    if expansion != 1:
        y = layers.Conv2D(channels * expansion, 1, use_bias=False)(y)
        y = layers.BatchNormalization(epsilon=1e-3, momentum=0.999)(y)
        y = layers.ReLU(max_value=6)(y)
    if stride == 2:
        y = layers.ZeroPadding2D(((0, 1), (0, 1)))(y)
    y = layers.DepthwiseConv2D(3, strides=stride, padding="same" if stride == 1 else "valid", use_bias=False)(y)
    y = layers.BatchNormalization(epsilon=1e-3, momentum=0.999)(y)
    y = layers.ReLU(max_value=6)(y)
    y = layers.Conv2D(filters, 1, use_bias=False)(y)
    y = layers.BatchNormalization(epsilon=1e-3, momentum=0.999)(y)
    return layers.Add()([x, y]) if stride == 1 and channels == filters else y


def mobilenet():
    image = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 3, strides=2, padding="same", use_bias=False)(image)
    x = layers.BatchNormalization(epsilon=1e-3, momentum=0.999)(x)
    x = layers.ReLU(max_value=6)(x)
    for expansion, filters, stride in [(1, 4, 1), (3, 6, 2), (3, 6, 1), (3, 6, 1)]:
        x = inverted_residual(x, expansion, filters, stride)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.2)(x)
    return keras.Model(image, layers.Dense(4, activation="softmax")(x))


def text_classifier():
    return keras.Sequential([
        layers.Embedding(50, 8, mask_zero=True, input_length=10),
        layers.Bidirectional(layers.LSTM(6, return_sequences=True)),
        layers.Bidirectional(layers.LSTM(4)),
        layers.Dropout(0.5),
        layers.Dense(6, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ])


def encoder_decoder():
    source = keras.Input((7, 4))
    target = keras.Input((5, 3))
    encoder = layers.LSTM(6, return_state=True, return_sequences=True)
    encoded, hidden, carry = encoder(source)
    decoder = layers.LSTM(6, return_sequences=True)
    decoded = decoder(target, initial_state=[hidden, carry])
    words = layers.TimeDistributed(layers.Dense(3, activation="softmax"))(decoded)
    pooled = layers.GlobalAveragePooling1D()(encoded)
    hidden = layers.Dense(4, activation="relu")(pooled)
    topic = layers.Dense(2, activation="softmax")(hidden)
    return keras.Model([source, target], [words, topic])


def autoencoder():
    """A model of models: the encoder and the decoder are used on their own as well, the encoder also for a second
    output.
    """
    image = keras.Input((8, 8, 1))
    x = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(image)
    x = layers.Conv2D(2, 3, strides=2, padding="same", activation="relu")(x)
    encoder = keras.Model(image, x)
    code = keras.Input((2, 2, 2))
    x = layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="relu")(code)
    x = layers.Conv2DTranspose(1, 3, strides=2, padding="same", activation="sigmoid")(x)
    decoder = keras.Model(code, x)
    whole = keras.Input((8, 8, 1))
    coded = encoder(whole)
    kind = layers.Dense(3, activation="softmax")(layers.Flatten()(coded))
    return keras.Model(whole, [decoder(coded), kind])


def siamese():
    """One tower for two inputs; its last layer is used outside of it, too."""
    left = keras.Input((4,))
    right = keras.Input((4,))
    last = layers.Dense(4, activation="tanh")
    tower = keras.Sequential([layers.Dense(4, input_shape=(4,)), layers.BatchNormalization(), last])
    both = layers.Concatenate()([tower(left), tower(right), last(left)])
    return keras.Model([left, right], layers.Dense(1)(both))
