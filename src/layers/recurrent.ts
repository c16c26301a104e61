/**
 * Recurrent layers and their cells (tf_keras/src/layers/rnn/). A layer holds a cell, and the cell holds the weights.
 * Keras also tracks two lists without values: `state_spec` of every layer and `state_size` of an LSTM's cell.
 */

import type { Attribute } from '../graph/attribute.js';
import { branch, type Edge } from '../graph/trackable.js';
import { type Family, fieldOf, isLayer, type Kind, layerIn, type Place, variables } from './family.js';
import type { Layer } from './types.js';

function inside(place: Place, scope: string, edge: string): Place {
  return { scope: scope === '' ? place.scope : `${place.scope}/${scope}`, label: `${place.label}/${edge}` };
}

/** `cellScope` gives the scope that Keras adds to the names of the variables for the cell. */
function layerWithCell(cellScope: (nameOfCell: () => string) => string, inner?: Kind['inner']): Kind {
  const edges: Kind['edges'] = (layer, around, place) => {
    const cell = layerIn(layer, 'cell');
    const scope = cellScope(() => around.nameOf(cell));
    return [
      { name: 'cell', node: around.layer(cell, inside(place, scope, 'cell')) },
      { name: 'state_spec', node: branch(listsOfStates(cell)) },
    ];
  };
  return inner ? { edges, inner } : { edges };
}

function cellsOf(stack: Layer): readonly Layer[] {
  const cells = fieldOf(stack, 'cells');
  return Array.isArray(cells) ? cells.filter(isLayer) : [];
}

/** The `state_spec` of a stack is a list with one item per cell; for an LSTM cell, the item is a list itself. */
function listsOfStates(cell: Layer): Edge[] {
  return cellsOf(cell).flatMap((inner, i) =>
    inner.getClassName() === 'LSTMCell' ? [{ name: String(i), node: branch([]) }] : [],
  );
}

const stackedCells: Kind = {
  edges: (stack, around, place) => {
    const cells = cellsOf(stack).map((cell, i) => ({
      name: String(i),
      node: around.layer(cell, inside(place, around.nameOf(cell), `cells/${i}`)),
    }));
    return [{ name: 'cells', node: branch(cells) }];
  },
  inner: cellsOf,
};

/**
 * Keras's GRU has two rows of biases with `reset_after=True` (its default), and then multiplies the reset gate after
 * the recurrent product. TensorFlow.js's own GRU has only the other variant. The weights of one variant would compute
 * something else in the other.
 */
function otherVariant(cell: Layer): Attribute['refuse'] {
  const width = 3 * Number(fieldOf(cell, 'units'));
  const isAfter = cell.getConfig().resetAfter === true;
  return ({ shape }) => {
    const stored = String(shape);
    if (!isAfter && stored === `2,${width}`) {
      return (
        "these are the weights of a GRU with reset_after=True, which TensorFlow.js's own GRU does not compute; " +
        'make the layer with ' +
        "gru({ units, … }) or gruCell of 'tensorbundle/tfjs' (a model made from Keras's JSON gets it automatically), " +
        'or leave the layer out with exclude'
      );
    }
    if (isAfter && stored === `${width}`) {
      return (
        'these are the weights of a GRU with reset_after=False; make the layer with gru({ units, resetAfter: ' +
        'false, … }) ' +
        'or tf.layers.gru, or leave it out with exclude'
      );
    }
    return undefined;
  };
}

const cellVariables = variables(['kernel', 'kernel'], ['recurrentKernel', 'recurrent_kernel'], ['bias', 'bias']);

const gruCellVariables = variables(
  ['kernel', 'kernel'],
  ['recurrentKernel', 'recurrent_kernel'],
  ['bias', 'bias', otherVariant],
);

const lstmCell: Kind = {
  edges: (cell, around, place) => [
    { name: 'state_size', node: branch([]) },
    ...cellVariables.edges(cell, around, place),
  ],
};

export const recurrent: Family = [
  [
    'RNN',
    layerWithCell(
      nameOfCell => nameOfCell(),
      rnn => [layerIn(rnn, 'cell')],
    ),
  ],
  // These layers make their cell themselves, and Keras gives such a cell a fixed name.
  ['SimpleRNN', layerWithCell(() => 'simple_rnn_cell')],
  ['GRU', layerWithCell(() => 'gru_cell')],
  ['LSTM', layerWithCell(() => 'lstm_cell')],
  // It builds its cell without a name scope, in contrast to RNN (tf_keras/src/layers/rnn/base_conv_rnn.py).
  ['ConvLSTM2D', layerWithCell(() => '')],
  ['SimpleRNNCell', cellVariables],
  ['GRUCell', gruCellVariables],
  ['LSTMCell', lstmCell],
  ['ConvLSTM2DCell', cellVariables],
  ['StackedRNNCells', stackedCells],
];
