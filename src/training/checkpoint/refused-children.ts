/** What a Checkpoint cannot be made of. */
import { TensorBundleError } from '../../errors.js';

export function noChildren(found: unknown): TensorBundleError {
  return new TensorBundleError(
    'ERR_INVALID_ARGUMENT',
    'a Checkpoint is given an object of trackables by name, for example { model, optimizer }, or a trackable and such an object',
    { found: found === null ? 'null' : typeof found },
  );
}

export function taken(name: string): TensorBundleError {
  return new TensorBundleError(
    'ERR_INVALID_ARGUMENT',
    `the root has something else under '${name}' already; give the child another name`,
    { found: name },
  );
}

export function reserved(name: string): TensorBundleError {
  return new TensorBundleError(
    'ERR_INVALID_ARGUMENT',
    `'${name}' is a name that the Checkpoint itself uses; choose another`,
    {
      found: name,
    },
  );
}
