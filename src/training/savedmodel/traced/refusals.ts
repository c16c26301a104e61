/** What a graph cannot do, said with the place in the program. */
import { TensorBundleError } from '../../../errors.js';
import { engine } from '../../../tfjs-core.js';
import type { ProgramPlace } from './program-place.js';

export function readRefused(place: ProgramPlace): TensorBundleError {
  return refused(
    `the function reads the values of a tensor${withOperation()} (${place.text}), so what it does next depends on ` +
      'them, and a graph cannot follow; compute with tensors instead, such as tf.where',
    place,
  );
}

export function savedModelRefused(place: ProgramPlace): TensorBundleError {
  return refused(
    `the function runs a SavedModel (${place.text}), whose operations are not part of it; call it outside`,
    place,
  );
}

export function staleRefused(place: ProgramPlace): TensorBundleError {
  return refused(
    `the function uses a tensor that an earlier call made and kept by tf.keep (${place.text}); of a call, only ` +
      'what variables hold is there in the next one',
    place,
  );
}

export function countRefused(place: ProgramPlace): TensorBundleError {
  return refused(
    `the function makes a step with an optimizer whose steps differ, because it counts them in JavaScript ` +
      `(${place.text}); in a graph, every step would be the same one. tf.train's optimizers keep all in variables`,
    place,
  );
}

export function stateRefused(): TensorBundleError {
  return new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    'the function uses a tensor from outside, and disposes of it; of a call, only what variables hold is there in ' +
      'the next one',
  );
}

export function refused(message: string, { kernel, text }: ProgramPlace): TensorBundleError {
  const operation = operationHere();
  return new TensorBundleError('ERR_NOT_SUPPORTED', message, {
    found: { place: text, ...(kernel && { kernel }), ...(operation && { operation }) },
  });
}

/** The operation of TensorFlow.js that runs: each has a scope of its own (tfjs-core/src/ops/operation.ts). */
function operationHere(): string | undefined {
  const { state } = engine() as unknown as { state?: { scopeStack?: readonly { readonly name?: string }[] } };
  const scope = state?.scopeStack?.findLast(({ name }) => name?.endsWith('__op'));
  return scope?.name?.slice(0, -'__op'.length);
}

function withOperation(): string {
  const operation = operationHere();
  return operation ? ` in ${operation}` : '';
}
