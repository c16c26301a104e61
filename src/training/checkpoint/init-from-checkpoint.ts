/**
 * `tf.compat.v1.train.init_from_checkpoint`: variables get their first values from a checkpoint of another model, with
 * other names (tensorflow/python/training/checkpoint_utils.py).
 */
import '../../disposal.js';
import { CheckpointReader } from '../../bundle/reader.js';
import type { PathLike } from '../../commit/paths.js';
import { invalidArgument, TensorBundleError } from '../../errors.js';
import { pathOfKey } from '../../graph/key.js';
import { enumerate } from '../../graph/object-path.js';
import { restore } from '../../graph/restore/restore.js';
import type { RestoreStatus } from '../../graph/restore/restore-status.js';
import { branch, type Edge } from '../../graph/trackable.js';
import { isAnyVariable } from '../../layers/family.js';
import type { LayerVariable } from '../../layers/types.js';
import { liveValue, variableTrackable } from '../../layers/variable.js';
import { engine, type Variable } from '../../tfjs-core.js';

/**
 * On the left a name in the checkpoint: of a tensor (`dense/kernel`, or `model/layer-0/kernel` for
 * `model/layer-0/kernel/.ATTRIBUTES/VARIABLE_VALUE`), or a scope that ends in `/`; `/` is everything. On the right a
 * variable, or its name in tfjs; or, for a scope on the left, another scope: each variable in it takes the tensor of
 * the same name in the scope on the left.
 */
export type AssignmentMap = Readonly<Record<string, string | Variable | LayerVariable>>;

/**
 * Gives variables the values of a checkpoint, at once. (TensorFlow does it when they are initialised.) All names are
 * looked up, and all types and shapes compared, before the first variable is changed. Rejects with ERR_NOT_FOUND for a
 * tensor or a variable that does not exist; ERR_INVALID_ARGUMENT for a scope that is given a variable or the reverse,
 * and for a variable that is named twice; ERR_MISMATCH; and with what `CheckpointReader.open` and `read` throw.
 *
 * @example
 * await initFromCheckpoint('pretrained/ckpt-9', { 'encoder/': 'my_encoder/', 'head/kernel': head.kernel });
 */
export async function initFromCheckpoint(path: PathLike, assignmentMap: AssignmentMap): Promise<RestoreStatus> {
  if (typeof assignmentMap !== 'object' || assignmentMap === null)
    throw invalidArgument(
      'the assignment map must be an object: names in the checkpoint, each with the variable or scope that gets the ' +
        'values',
      {
        found: String(assignmentMap),
      },
    );
  await using reader = await CheckpointReader.open(path);
  const names = new Map(reader.names().flatMap(name => [[name, name] as const, [pathOfKey(name), name] as const]));
  const assigned = new Map<Variable, string>();
  const assign = (variable: Variable, name: string): void => {
    const tensor = names.get(name);
    if (tensor === undefined) throw absent(`no tensor '${name}'`, reader.names().map(pathOfKey), reader.prefix, name);
    if (assigned.has(variable))
      throw invalidArgument(`the variable ${variable.name} is given two values`, { found: variable.name });
    assigned.set(variable, tensor);
  };
  for (const [left, right] of Object.entries(assignmentMap)) {
    if (typeof right === 'string' && left.endsWith('/') !== (right.endsWith('/') || right === ''))
      throw invalidArgument(`'${left}' and '${right}' are not both scopes; a scope ends in '/'`, { found: left });
    if (left.endsWith('/') && typeof right !== 'string')
      throw invalidArgument(`'${left}' is a scope, and is given a variable`, { found: left });
    if (!left.endsWith('/')) assign(typeof right === 'string' ? named(right) : live(right), left);
    else for (const [variable, name] of inScope(right as string, left)) assign(variable, name);
  }
  const edges: Edge[] = [...assigned.keys()].map((variable, i) => {
    const names = { fullName: variable.name, label: variable.name, refuse: undefined };
    return { name: nameOf(i), node: variableTrackable(variable, names) };
  });
  const map = Object.fromEntries([...assigned.values()].map((name, i) => [nameOf(i), name]));
  return await restore(branch(edges), reader, { map, search: false });
}

/** A name that no variable has. */
function nameOf(i: number): string {
  return `assigned-${i}`;
}

function live(variable: Variable | LayerVariable): Variable {
  if (!isAnyVariable(variable))
    throw invalidArgument('a value of the assignment map is neither a variable nor the name of one', {
      found: typeof variable,
    });
  return liveValue(variable, variable.name);
}

function named(name: string): Variable {
  const { registeredVariables } = engine();
  const variable = registeredVariables[name];
  if (variable) return variable;
  throw absent(`no variable '${name}' in TensorFlow.js`, Object.keys(registeredVariables), undefined, name);
}

/**
 * Each variable of a live scope, with the name that its value has in the stored scope. Throws ERR_NOT_FOUND for an
 * empty scope.
 */
function inScope(scope: string, stored: string): [Variable, string][] {
  const { registeredVariables } = engine();
  const start = scope === '/' ? '' : scope;
  const found = Object.entries(registeredVariables).filter(([name]) => name.startsWith(start));
  if (found.length === 0)
    throw absent(`no variable in the scope '${scope}'`, Object.keys(registeredVariables), undefined, scope);
  return found.map(([name, variable]) => [variable, (stored === '/' ? '' : stored) + name.slice(start.length)]);
}

function absent(what: string, have: readonly string[], path: string | undefined, found: string): TensorBundleError {
  return new TensorBundleError('ERR_NOT_FOUND', `there is ${what}; there are ${enumerate(have) || 'none'}`, {
    path,
    found,
  });
}
