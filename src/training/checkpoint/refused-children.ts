/** The errors for what a Checkpoint cannot be made of. */
import { invalidArgument, type TensorBundleError } from '../../errors.js';

export function noChildren(found: unknown): TensorBundleError {
  return invalidArgument(
    'a Checkpoint takes an object of trackables by name, for example { model, optimizer }, or a trackable ' +
      'and such an object',
    { found: found === null ? 'null' : typeof found },
  );
}

export function taken(name: string): TensorBundleError {
  return invalidArgument(`the root already has something else under '${name}'; give the child another name`, {
    found: name,
  });
}

export function reserved(name: string): TensorBundleError {
  return invalidArgument(`'${name}' is a name that the Checkpoint itself uses; choose another`, {
    found: name,
  });
}
