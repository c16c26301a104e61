/**
 * Operations between the layers of a functional model, such as `x * 2`: a class of its own for each in Keras 3, and a
 * lambda layer in tf_keras. Here they are layers of one class (src/training/models/added/added-operations.ts).
 */
import { OPERATION_LAYER } from '../../models/added/added-names.js';
import { isKnownOperation } from '../../models/added/added-operations.js';
import { isList, isObject, type Json, type JsonObject, text } from './keras-json.js';
import { historyOf, isPlace } from './topology-calls.js';
import type { TopologyProblems } from './topology-problems.js';

/** TensorFlow's functions with the names of Keras's operations, and their options. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  'math.add': 'add',
  '__operators__.add': 'add',
  'math.subtract': 'subtract',
  'math.multiply': 'multiply',
  'math.truediv': 'trueDivide',
  'math.divide': 'trueDivide',
  'math.maximum': 'maximum',
  'math.minimum': 'minimum',
  'math.pow': 'power',
  'math.negative': 'negative',
  'math.abs': 'absolute',
  'math.square': 'square',
  'math.sqrt': 'sqrt',
  'math.rsqrt': 'rsqrt',
  'math.exp': 'exp',
  'math.log': 'log',
  'math.sigmoid': 'sigmoid',
  'math.tanh': 'tanh',
  'nn.relu': 'relu',
  'nn.relu6': 'relu6',
  'nn.sigmoid': 'sigmoid',
  'nn.softmax': 'softmax',
  'math.reduce_mean': 'mean',
  'math.reduce_sum': 'sum',
  'math.reduce_max': 'max',
  'math.reduce_min': 'min',
  reshape: 'reshape',
  expand_dims: 'expandDims',
  concat: 'concatenate',
};
/** TensorFlow's names of options, beside those that are the same. */
const OPTIONS: Readonly<Record<string, string>> = { shape: 'newshape' };
const KNOWN: readonly string[] = ['axis', 'keepdims', 'newshape', 'x_min', 'x_max', 'negative_slope'];
/** They say nothing about what is computed. */
const NEUTRAL: readonly string[] = ['name', 'trainable', 'dtype', 'function'];
/** Where a call of tf_keras has a tensor. */
const TENSOR = '(a tensor)';

function known(table: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** Whether it is a lambda layer of tf_keras. */
export function isFunctionLayer(entry: JsonObject): boolean {
  return entry.class_name === 'TFOpLambda' || entry.class_name === 'SlicingOpLambda';
}

/** In Keras's spelling. Notes it as a problem if there is no such operation here. */
export function operationLayer(given: JsonObject, name: string, problems: TopologyProblems): JsonObject {
  const config = isObject(given.config) ? given.config : {};
  const isFunction = isFunctionLayer(given);
  const called = isFunction ? text(config.function, '') : text(given.class_name, '');
  const operation = isFunction ? known(FUNCTIONS, called) : `${called.slice(0, 1).toLowerCase()}${called.slice(1)}`;
  const calls = isList(given.inbound_nodes) ? given.inbound_nodes : [];
  const made = calls.map(node => (isFunction ? functionCall(node) : operationCall(node, config)));
  const [first] = made;
  // Its calls share one layer, so they have to be the same.
  const isOne = first !== undefined && made.every(one => JSON.stringify(one) === JSON.stringify(first));
  if (operation === undefined || !isKnownOperation(operation) || !isOne) {
    problems.lacksOperation(called, name);
    return { class_name: OPERATION_LAYER, config: { name } };
  }
  return { class_name: OPERATION_LAYER, config: { name, operation, ...first } };
}

/** Undefined if something is neither a tensor nor a constant. */
function operationCall(node: Json, config: JsonObject): JsonObject | undefined {
  if (!isObject(node) || !isList(node.args)) return undefined;
  const { args, kwargs } = node;
  const given = isObject(kwargs) ? kwargs : {};
  const named = ['x1', 'x2', 'x'].flatMap(key => (given[key] === undefined ? [] : [given[key]]));
  const rest = Object.entries(given).filter(([key, value]) => value !== null && !['x1', 'x2', 'x'].includes(key));
  const operands = operandsOf([...args, ...named]);
  const options = optionsOf({ ...config, ...Object.fromEntries(rest) });
  return operands && options && { operands, ...options };
}

/** A lambda layer has its first operand in the call, and the others among the options. */
function functionCall(node: Json): JsonObject | undefined {
  const places = isPlace(node) ? [node] : isList(node) && node.every(isPlace) ? node : [];
  const [first] = places;
  if (first === undefined) return undefined;
  const [name, , value, given] = first as readonly Json[];
  const { x, y, ...rest } = isObject(given) ? given : {};
  const start = name === '_CONSTANT_VALUE' ? [value ?? null] : places.map(() => TENSOR);
  const more = [x, y].flatMap(one => (one === undefined ? [] : [isPlace(one) ? TENSOR : one]));
  const operands = operandsOf([...start, ...more]);
  const options = optionsOf(rest);
  return operands && options && { operands, ...options };
}

/** Null stands for a tensor. */
function operandsOf(values: readonly Json[]): Json[] | undefined {
  const found = values.flatMap(value => {
    if (value === TENSOR || historyOf(value) !== undefined) return [null];
    if (isList(value) && value.length > 0 && value.every(one => historyOf(one) !== undefined))
      return value.map(() => null);
    return [isConstant(value) ? value : undefined];
  });
  return found.every(value => value !== undefined) && found.includes(null) ? found : undefined;
}

function isConstant(value: Json): boolean {
  return typeof value === 'number' || (isList(value) && value.length > 0 && value.every(isConstant));
}

function optionsOf(config: JsonObject): JsonObject | undefined {
  const made: Record<string, Json> = {};
  for (const [key, value] of Object.entries(config)) {
    if (value === undefined || value === null || NEUTRAL.includes(key)) continue;
    const name = known(OPTIONS, key) ?? key;
    if (!KNOWN.includes(name)) return undefined;
    made[name] = value;
  }
  return made;
}
