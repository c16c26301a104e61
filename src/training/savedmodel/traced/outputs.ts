/** What a traced function gets and returns. */
import { TensorBundleError } from '../../../errors.js';
import { isPromise } from '../../../realms.js';
import { Tensor } from '../../../tfjs-core.js';
import type { OutputStructure } from './recording.js';

export function outputsOf(returned: unknown): { structure: OutputStructure; tensors: Tensor[] } {
  if (isPromise(returned)) {
    // Nobody else waits for it, and it may fail: its tensors are disposed of.
    returned.then(undefined, () => {});
    throw refused('the function is asynchronous; what becomes a graph must be done before it returns');
  }
  if (returned instanceof Tensor) return { structure: { kind: 'single' }, tensors: [alive(returned, 'a tensor')] };
  if (Array.isArray(returned)) {
    return {
      structure: { kind: 'list', length: returned.length },
      tensors: returned.map((one, i) => alive(one, `item ${i}`)),
    };
  }
  if (typeof returned !== 'object' || returned === null) throw refused(`${MUST}, and it returned ${String(returned)}`);
  const entries = Object.entries(returned);
  return {
    structure: { kind: 'named', names: entries.map(([name]) => name) },
    tensors: entries.map(([name, one]) => alive(one, `'${name}'`)),
  };
}

const MUST = 'the function must return a tensor, a list of tensors, or an object of tensors';

function alive(value: unknown, what: string): Tensor {
  if (!(value instanceof Tensor)) throw refused(`${MUST}; ${what} is none`);
  if (value.isDisposed) throw refused(`the function returned ${what}, and it is disposed of; do not dispose of it`);
  return value;
}

function refused(message: string): TensorBundleError {
  return new TensorBundleError('ERR_NOT_SUPPORTED', message);
}
