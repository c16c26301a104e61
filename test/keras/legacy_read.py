"""HDF5 files as Keras 1 and layers for cuDNN wrote them, and what tf_keras computes after it loaded them.

python legacy_read.py DIRECTORY: writes answers.json beside the files.
"""

import json
import os
import sys

import h5py
import numpy as np
import tf_keras
from tf_keras import layers

DIRECTORY = sys.argv[1]
ANSWERS = {}
NUMBERS = np.random.default_rng(7)


def write(name, groups, version='2.2.4'):
    """`groups`: shapes of the weights of each layer. Without a version, tf_keras takes the file as one of Keras 1."""
    path = os.path.join(DIRECTORY, f'{name}.h5')
    with h5py.File(path, 'w') as file:
        file.attrs['layer_names'] = np.array([f'layer_{i}'.encode() for i in range(len(groups))])
        if version is not None:
            file.attrs['keras_version'] = version.encode()
            file.attrs['backend'] = b'tensorflow'
        for i, shapes in enumerate(groups):
            group = file.create_group(f'layer_{i}')
            names = [f'layer_{i}_W{k}'.encode() for k in range(len(shapes))]
            group.attrs['weight_names'] = np.array(names)
            for key, shape in zip(names, shapes):
                group.create_dataset(key, data=(NUMBERS.normal(size=shape) * 0.5).astype('float32'))
    return path


def case(name, layer, shape, groups, version='2.2.4'):
    """What the first layers compute, with a Dense(1) behind them, which has weights of its own."""
    model = tf_keras.Sequential([tf_keras.Input(shape), *layer, layers.Flatten(), layers.Dense(1)])
    dense = model.layers[-1].get_weights()
    path = write(name, [*groups, [w.shape for w in dense]], version)
    model.load_weights(path)
    x = np.sin(np.arange(2 * int(np.prod(shape)), dtype='float32')).reshape(2, *shape)
    ANSWERS[name] = np.asarray(model(x)).ravel().tolist()


def lstm(units, inputs, *, cudnn):
    bias = 8 if cudnn else 4
    return [(inputs, 4 * units), (units, 4 * units), (bias * units,)]


GATES = [(4, 3), (3, 3), (3,)]

case('cudnn-lstm', [layers.LSTM(3)], (5, 4), [lstm(3, 4, cudnn=True)])
case('cudnn-gru', [layers.GRU(3)], (5, 4), [[(4, 9), (3, 9), (18,)]])
case('cudnn-bidirectional', [layers.Bidirectional(layers.LSTM(3))], (5, 4), [lstm(3, 4, cudnn=True) * 2])
case('keras1-lstm', [layers.LSTM(3)], (5, 4), [GATES * 4], None)
case('keras1-gru', [layers.GRU(3, reset_after=False)], (5, 4), [GATES * 3], None)
case('keras1-bidirectional', [layers.Bidirectional(layers.LSTM(3))], (5, 4), [GATES * 8], None)
case('keras1-conv1d', [layers.Conv1D(3, 2)], (5, 4), [[(2, 1, 4, 3), (3,)]], None)
case('keras1-conv1d-theano', [layers.Conv1D(3, 2)], (5, 4), [[(3, 4, 2, 1), (3,)]], None)
case('keras1-conv2d-transpose', [layers.Conv2DTranspose(3, 2)], (5, 4, 2), [[(2, 2, 2, 3), (3,)]], None)
case('other-order-conv2d', [layers.Conv2D(3, (2, 4))], (5, 4, 2), [[(2, 3, 4, 2), (3,)]])
case(
    'keras1-convlstm2d',
    [layers.ConvLSTM2D(3, 2)],
    (2, 5, 4, 2),
    [[(2, 2, 2, 3), (2, 2, 3, 3), (3,)] * 4],
    None,
)
case('time-distributed', [layers.TimeDistributed(layers.Conv1D(3, 2))], (2, 5, 4), [[(2, 4, 3), (3,)]])

with open(os.path.join(DIRECTORY, 'answers.json'), 'w') as file:
    json.dump(ANSWERS, file)
