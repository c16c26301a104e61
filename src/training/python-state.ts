/**
 * State that an object turns into text and back, kept as TensorFlow keeps Python's: a string tensor `py_state`
 * (tensorflow/python/trackable/python_state.py).
 */
import { TextDecoder, TextEncoder } from 'node:util';
import { type Attribute, PYTHON_STATE, type Trackable, variableNode } from '../graph/trackable.js';
import type { SerializableState } from './values.js';

export function isSerializable(value: object): value is SerializableState {
  const { serialize, deserialize } = value as Partial<SerializableState>;
  return typeof serialize === 'function' && typeof deserialize === 'function';
}

/** `label` is what messages call it. What `serialize` throws, a save throws. */
export function stateTrackable(state: SerializableState, label: string): Trackable {
  const attribute: Attribute = {
    name: PYTHON_STATE,
    fullName: '',
    label,
    dtype: 'string',
    shape: [],
    capture: () => {
      const data = [new TextEncoder().encode(state.serialize())];
      return { data: () => data, release: () => undefined };
    },
    assign: ({ data }) => state.deserialize(new TextDecoder().decode(data[0] as Uint8Array)),
  };
  return variableNode(attribute);
}
