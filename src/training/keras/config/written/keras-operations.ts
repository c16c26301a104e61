/**
 * Operations between layers (src/training/models/added/added-operations.ts), as Keras has them: classes in Keras 3,
 * layers around functions of TensorFlow in Keras 2.
 */
import type { Json } from './keras-classes.js';
import { classOfFunction } from './keras-losses.js';
import type { Keras3Object } from './keras3-json.js';
import { Fraction } from './python-json.js';

/** A tensor in a model's JSON. */
type Reference = readonly unknown[];

/** TensorFlow's function, and what it calls the options. The first tensors are its first arguments. */
interface OldFunction {
  readonly name: string;
  readonly options?: Readonly<Record<string, string>>;
  /** Whether it takes one list of tensors. */
  readonly takesList?: boolean;
}

const AXIS = { axis: 'axis' };
const REDUCED = { axis: 'axis', keepdims: 'keepdims' };

/** Modules of Keras 3, by the operations in TensorFlow.js's JSON. The others are in `numpy`. */
const MODULES: Readonly<Record<string, string>> = {
  rsqrt: 'math',
  ...Object.fromEntries(
    ['sigmoid', 'relu', 'relu6', 'elu', 'silu', 'softplus', 'log_sigmoid', 'hard_sigmoid', 'hard_silu', 'leaky_relu']
      .concat('softmax')
      .map(name => [name, 'nn']),
  ),
};

/** The options of Keras 3's classes. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(['mean', 'sum', 'max', 'min'].map(name => [name, ['axis', 'keepdims']])),
  ...Object.fromEntries(['expand_dims', 'squeeze', 'concatenate', 'softmax'].map(name => [name, ['axis']])),
  reshape: ['newshape'],
  clip: ['x_min', 'x_max'],
  leaky_relu: ['negative_slope'],
};

const OLD: Readonly<Record<string, OldFunction>> = {
  ...Object.fromEntries(
    ['add', 'subtract', 'multiply', 'divide', 'truediv', 'maximum', 'minimum', 'pow', 'negative', 'abs', 'square']
      .concat('sqrt', 'rsqrt', 'exp', 'log', 'sin', 'cos', 'tanh', 'sigmoid', 'softplus', 'log_sigmoid')
      .map(name => [name, { name: `math.${name}` }]),
  ),
  ...Object.fromEntries(['relu', 'relu6', 'elu', 'silu'].map(name => [name, { name: `nn.${name}` }])),
  true_divide: { name: 'math.truediv' },
  power: { name: 'math.pow' },
  absolute: { name: 'math.abs' },
  softmax: { name: 'nn.softmax', options: AXIS },
  leaky_relu: { name: 'nn.leaky_relu', options: { negative_slope: 'alpha' } },
  clip: { name: 'clip_by_value', options: { x_min: 'clip_value_min', x_max: 'clip_value_max' } },
  mean: { name: 'math.reduce_mean', options: REDUCED },
  sum: { name: 'math.reduce_sum', options: REDUCED },
  max: { name: 'math.reduce_max', options: REDUCED },
  min: { name: 'math.reduce_min', options: REDUCED },
  reshape: { name: 'reshape', options: { newshape: 'shape' } },
  expand_dims: { name: 'expand_dims', options: AXIS },
  squeeze: { name: 'squeeze', options: AXIS },
  concatenate: { name: 'concat', options: AXIS, takesList: true },
};

/** Whether Keras 2 has the operation of this configuration. */
export function isOldOperation({ operation }: Json): boolean {
  return Object.hasOwn(OLD, String(operation));
}

/** The layer around TensorFlow's function, and its calls. `tensors`: those of one call, in Keras 2's form. */
export function oldOperation(config: Json): { config: Json; call: (tensors: readonly Reference[]) => unknown[] } {
  const { name: called, options = {}, takesList = false } = OLD[String(config.operation)]!;
  const { name, trainable } = config;
  const given = Object.entries(options).map(([key, to]) => [to, key === 'newshape' ? sizes(config[key]) : config[key]]);
  const kwargs: Json = Object.fromEntries(given);
  return {
    config: { name, trainable, dtype: 'float32', function: called },
    call: tensors => {
      if (takesList) return tensors.map(([layer, call, result]) => [layer, call, result, kwargs]);
      const [first, second] = operandsOf(config, tensors);
      const others = second === undefined ? kwargs : { ...kwargs, y: second.constant ?? second.tensor?.slice(0, 3) };
      // TensorFlow would take the type of the second operand from a whole number.
      if (first!.tensor === undefined) return ['_CONSTANT_VALUE', -1, fractions(first!.constant), others];
      return [...first!.tensor.slice(0, 3), others];
    },
  };
}

/** The object in Keras 3's form. */
export function operationObject(config: Json): Keras3Object {
  const operation = String(config.operation);
  const className = classOfFunction(operation);
  const options = (OPTIONS[operation] ?? []).map(key => [key, key === 'newshape' ? sizes(config[key]) : config[key]]);
  const named = options.filter(([, value]) => value !== null);
  return {
    module: `keras.src.ops.${MODULES[operation] ?? 'numpy'}`,
    class_name: className,
    config: { name: config.name, ...Object.fromEntries(named) },
    registered_name: className,
  };
}

/** The arguments of a call in Keras 3's form, given its tensors in that form. */
export function operationArguments(config: Json, tensors: readonly Json[]): unknown[] {
  if (config.operation === 'concatenate') return [tensors];
  return operandsOf(config, tensors).map(({ tensor, constant }) => tensor ?? constant);
}

/** A constant, or the next tensor. */
function operandsOf<T>({ operands }: Json, tensors: readonly T[]): { tensor?: T; constant?: unknown }[] {
  const left = [...tensors];
  return (operands as readonly unknown[]).map(constant =>
    constant === null ? { tensor: left.shift()! } : { constant },
  );
}

function fractions(constant: unknown): unknown {
  if (Array.isArray(constant)) return constant.map(fractions);
  return typeof constant === 'number' ? new Fraction(constant) : constant;
}

/** The batch is not known, nor a size that follows from the others. */
function sizes(shape: unknown): unknown {
  return Array.isArray(shape) ? shape.map((size: unknown) => size ?? -1) : shape;
}
