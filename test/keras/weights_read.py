"""Files with weights and optimizer state that Keras 3 and tf_keras write, and what they compute with them.

python weights_read.py DIRECTORY models|optimizers: writes answers.json beside the files.
"""

import json
import os
import sys

import h5py
import keras
import numpy as np
import tf_keras

DIRECTORY = sys.argv[1]
ANSWERS = {}


def path(name):
    return os.path.join(DIRECTORY, name)


def randomized(model, seed):
    """Every variable gets other values, also those that begin with zeros or ones."""
    numbers = np.random.default_rng(seed)
    weights = [np.abs(numbers.normal(size=w.shape)) * 0.5 + 0.05 for w in model.get_weights()]
    model.set_weights([value.astype('float32') for value in weights])
    return model


def many_layers(library):
    """Nested, wrapped, shared and recurrent layers; the same is in weights-read.test.ts."""
    layers = library.layers
    inputs = library.Input((6, 4))
    x = layers.Bidirectional(layers.LSTM(2, return_sequences=True), name='bi')(inputs)
    x = layers.TimeDistributed(layers.Dense(3), name='td')(x)
    x = layers.RNN([layers.LSTMCell(2), layers.GRUCell(3)], return_sequences=True)(x)
    x = layers.Conv1D(3, 2, name='c1')(x)
    x = layers.BatchNormalization()(x)
    x = layers.GRU(2, dropout=0.1)(x)
    x = library.Sequential(
        [library.Input((2,)), layers.Dense(2, name='in1'), layers.Dropout(0.2), layers.Dense(2)], name='inner'
    )(x)
    inner = library.Input((2,))
    x = library.Model(inner, layers.PReLU()(layers.Dense(2)(inner)), name='fm')(x)
    shared = layers.Dense(2, name='shared')
    x = shared(shared(x))
    return library.Model(inputs, layers.Dense(1, name='out')(x))


OPTIMIZERS = {
    'sgd': lambda o: o.SGD(0.1),
    'sgd-momentum': lambda o: o.SGD(0.1, momentum=0.9),
    'adam': lambda o: o.Adam(0.01),
    'amsgrad': lambda o: o.Adam(0.01, amsgrad=True),
    'rmsprop': lambda o: o.RMSprop(0.01),
    'rmsprop-all': lambda o: o.RMSprop(0.01, momentum=0.9, centered=True),
    'rmsprop-centered': lambda o: o.RMSprop(0.01, centered=True),
    'adagrad': lambda o: o.Adagrad(0.1),
    'adadelta': lambda o: o.Adadelta(1.0),
    'adamax': lambda o: o.Adamax(0.01),
    'nadam': lambda o: o.Nadam(0.01),
    'adamw': lambda o: o.AdamW(0.01, weight_decay=0.1),
}


def trained(library, optimizer):
    layers = library.layers
    model = library.Sequential(
        [
            library.Input((3,)),
            layers.Dense(4, name='a', activation='tanh'),
            layers.Dense(1, name='b'),
        ]
    )
    randomized(model, 3)
    model.compile(optimizer, 'mse', run_eagerly=True)
    for i in range(3):
        model.train_on_batch(*batch(i))
    return model


def batch(i):
    x = np.sin(np.arange(24, dtype='float32').reshape(8, 3) * 0.7 + i).astype('float32')
    return x, (x.sum(1, keepdims=True) * 0.3).astype('float32')


def further(model):
    for i in range(3, 7):
        model.train_on_batch(*batch(i))
    return [w.tolist() for w in model.get_weights()]


def write_models():
    x = np.sin(np.arange(48, dtype='float32').reshape(2, 6, 4))
    for label, library in (('keras', keras), ('tf_keras', tf_keras)):
        model = randomized(many_layers(library), 1)
        model.compile('adam', 'mse', metrics=['mae'], run_eagerly=True)
        model.train_on_batch(np.zeros((2, 6, 4), 'float32'), np.zeros((2, 1), 'float32'))
        model.save_weights(path(f'{label}.weights.h5'))
        model.save(path(f'{label}.h5'))
        if library is tf_keras:
            model.save_weights(path('tf_keras-weights.h5'))
        else:
            model.save_weights(path('keras-parts.weights.json'), max_shard_size=1e-6)
        ANSWERS[label] = np.asarray(model(x)).tolist()


def write_optimizers():
    kinds = (('keras', keras, keras.optimizers), ('tf_keras', tf_keras, tf_keras.optimizers))
    for label, library, optimizers in (*kinds, ('legacy', tf_keras, tf_keras.optimizers.legacy)):
        for name, make in OPTIMIZERS.items():
            if label == 'legacy' and name == 'adamw':
                continue
            model = trained(library, make(optimizers))
            model.save(path(f'{label}-{name}.h5'))
            if label != 'legacy':
                model.save_weights(path(f'{label}-{name}.weights.h5'))
            ANSWERS[f'{label}-{name}'] = further(model)
    inner = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.01))
    model = trained(keras, inner)
    model.save_weights(path('keras-scaled.weights.h5'))
    model.save(path('keras-scaled.h5'))
    ANSWERS['keras-scaled'] = further(model)


def write_types():
    """Values of other types for float32 variables, as keras.mixed_precision and users write them."""
    for dtype in ('float16', 'bfloat16', 'float64', 'int8'):
        layer = keras.layers.Dense(2, name='d', dtype='float32' if dtype == 'int8' else dtype)
        model = randomized(keras.Sequential([keras.Input((3,)), layer]), 5)
        if dtype == 'int8':
            layer.quantize('int8')
        model.save_weights(path(f'{dtype}.weights.h5'))
        ANSWERS[dtype] = [np.asarray(w, 'float32').tolist() for w in model.get_weights()]


def write_named():
    """Layers with names of a user, for what a caller may say about them."""
    for label, library in (('keras', keras), ('tf_keras', tf_keras)):
        dense = library.layers.Dense
        chain = [library.Input((4,)), dense(4, name='first'), dense(4, name='second'), dense(4, name='third')]
        model = randomized(library.Sequential(chain), 11)
        ANSWERS[f'{label}-named'] = {one.name: [w.tolist() for w in one.get_weights()] for one in model.layers}
        model.save_weights(path(f'{label}-named.weights.h5'))
        if library is tf_keras:
            model.save_weights(path('named.h5'))


def write_frozen():
    """In the older files, frozen variables come last."""
    layers = tf_keras.layers
    inner = tf_keras.Sequential([tf_keras.Input((4,)), *[layers.Dense(4, name=name) for name in 'abc']], name='inner')
    model = randomized(tf_keras.Sequential([tf_keras.Input((4,)), inner, layers.Dense(1, name='out')]), 13)
    inner.layers[0].trainable = False
    model.save_weights(path('frozen.h5'))
    ANSWERS['frozen'] = {one.name: [w.tolist() for w in one.get_weights()] for one in inner.layers}


def write_links():
    """Files in which groups lead to each other: in a ring, and by 2^60 paths."""
    with h5py.File(path('ring.weights.h5'), 'w') as file:
        file.create_group('layers/dense/vars')
        file['layers/dense/again'] = file['layers']
    with h5py.File(path('tree.weights.h5'), 'w') as file:
        group = file.create_group('layers/dense/vars')
        for i in range(60):
            outer = file.create_group(f'level_{i}')
            outer['one'] = outer['other'] = group
            group = outer


if sys.argv[2] == 'models':
    write_links()
    write_models()
    write_types()
    write_named()
    write_frozen()
else:
    write_optimizers()
with open(path('answers.json'), 'w') as file:
    json.dump(ANSWERS, file)
