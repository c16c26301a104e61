/**
 * State that an object turns into text and back. It is stored as TensorFlow stores Python's: as a string tensor
 * `py_state` (tensorflow/python/trackable/python_state.py).
 */

import { TextDecoder, TextEncoder } from 'node:util';
import { invalidArgument, type TensorBundleError } from '../../errors.js';
import { type Attribute, captureOf, PYTHON_STATE } from '../../graph/attribute.js';
import { type Trackable, variableNode } from '../../graph/trackable.js';
import type { SerializableState } from './trackable-value.js';

export function isSerializable(value: object): value is SerializableState {
  const { serialize, deserialize } = value as Partial<SerializableState>;
  return typeof serialize === 'function' && typeof deserialize === 'function';
}

/**
 * `label` is its name in messages. A save throws what `serialize` throws, and ERR_INVALID_ARGUMENT if that returns no
 * text.
 */
export function stateTrackable(state: SerializableState, label: string): Trackable {
  const attribute: Attribute = {
    name: PYTHON_STATE,
    fullName: '',
    label,
    dtype: 'string',
    shape: [],
    capture: () => {
      const text: unknown = state.serialize();
      if (typeof text !== 'string') throw noText(label, text);
      const data = [new TextEncoder().encode(text)];
      return captureOf(() => data);
    },
    assign: ({ data }) => state.deserialize(new TextDecoder().decode(data[0] as Uint8Array)),
  };
  return variableNode(attribute);
}

/** TensorFlow refuses it, too: if it were turned into text here, `deserialize` would not get back what it was. */
function noText(label: string, found: unknown): TensorBundleError {
  const kind = found === null ? 'null' : typeof found === 'object' ? 'an object' : `a ${typeof found}`;
  return invalidArgument(
    `serialize() of '${label}' returned ${kind}; it must return a string, which deserialize() gets back: ` +
      'String(value), or JSON.stringify(value); for a step of 64 bits there is Counter',
    { tensor: label, expected: 'string', found: kind },
  );
}
