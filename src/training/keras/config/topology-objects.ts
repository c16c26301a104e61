/**
 * What a layer's configuration holds beside numbers: activations, initializers, regularizers, constraints and dtypes,
 * as TensorFlow.js spells them. The names that are left are those of Keras: TensorFlow.js itself takes the underscores
 * out of them.
 */
import { serialization } from '../../../tfjs-core.js';
import { isList, isObject, type Json, type KerasObject, kerasObject, plainName } from './keras-json.js';

/** Undefined: TensorFlow.js has no such thing. */
type Converted = Json | undefined;

/** Keras's names of activations that TensorFlow.js gives other names, or has only under one of two. */
const ACTIVATIONS: ReadonlyMap<string, string> = new Map([
  ['silu', 'swish'],
  ['hard_swish', 'hard_silu'],
]);
/** Also TensorFlow.js's own: these are spelled with underscores there. */
const INITIALIZERS: ReadonlyMap<string, string> = new Map([
  ['LecunNormal', 'LeCunNormal'],
  ['LecunUniform', 'LeCunUniform'],
  ['IdentityV2', 'Identity'],
]);
const CONSTRAINTS: readonly string[] = ['MaxNorm', 'MinMaxNorm', 'NonNeg', 'UnitNorm'];
const INTEGERS = /^u?int\d+$/;

export function isRegistered(className: string): boolean {
  return Object.hasOwn(serialization.SerializationMap.getMap().classNameMap, className);
}

/** As TensorFlow.js changes every text of a configuration. */
export function camelCase(name: string): string {
  return name.length < 2 ? name : name.replace(/_+(\w|$)/g, (_, letter: string) => letter.toUpperCase());
}

/** `isKeras3`: there, `hard_sigmoid` is another function. */
export function activation(value: Json, isKeras3 = false): Converted {
  if (isHardSigmoid(value)) return 'hard_sigmoid';
  const object = kerasObject(value);
  const given = object && Object.keys(object.config).length === 0 ? plainName(object.className) : value;
  if (given === null) return null;
  if (typeof given !== 'string') return undefined;
  if (isKeras3 && given === 'hard_sigmoid') return 'hard_sigmoid_of_keras3';
  const name = ACTIVATIONS.get(given) ?? given;
  return isRegistered(camelCase(name)) ? name : undefined;
}

/** TensorFlow.js's own, which this package writes for Keras 3 as two layers. */
function isHardSigmoid(value: Json): boolean {
  const layers = kerasObject(value)?.config.layers;
  const all = isList(layers) ? layers.flatMap(layer => kerasObject(layer) ?? []) : [];
  const [scaled, cut] = all.filter(({ className }) => className !== 'InputLayer');
  const { scale, offset } = scaled?.config ?? {};
  const isScaled = scaled?.className === 'Rescaling' && scale === 0.2 && offset === 0.5;
  return isScaled && cut?.className === 'ReLU' && cut.config.max_value === 1;
}

/**
 * Never refused: the stored weights replace what an initializer makes. One that TensorFlow.js lacks becomes the default
 * of the layer.
 */
export function initializer(value: Json): Json {
  const object = kerasObject(value);
  if (object === undefined) return null;
  const className = plainName(object.className);
  const known = [INITIALIZERS.get(className) ?? className, className.replace(/V\d$/, '')].find(isRegistered);
  if (known === undefined || object.config.distribution === 'untruncated_normal') return null;
  const { dtype: _, ...config } = object.config;
  return { class_name: known, config };
}

export function regularizer(value: Json): Converted {
  if (value === null) return null;
  if (typeof value === 'string')
    return ['l1', 'l2', 'l1_l2'].includes(value) ? value.replace('l1_l2', 'l1l2') : undefined;
  const object = kerasObject(value);
  if (object === undefined) return undefined;
  const { l1 = 0, l2 = 0 } = object.config;
  const isKnown = ['L1', 'L2', 'L1L2'].includes(plainName(object.className));
  return isKnown ? { class_name: 'L1L2', config: { l1, l2 } } : customObject(object);
}

export function constraint(value: Json): Converted {
  if (value === null) return null;
  const object = kerasObject(value);
  if (object === undefined) return undefined;
  const className = plainName(object.className);
  return CONSTRAINTS.includes(className) ? { class_name: className, config: object.config } : customObject(object);
}

function customObject({ className, config }: KerasObject): Converted {
  const name = plainName(className);
  return isRegistered(name) ? { class_name: name, config } : undefined;
}

/** The dtype that layers compute in. Undefined if TensorFlow.js has no such type. */
export function layerType(value: Json | undefined): { readonly dtype: string; readonly isMixed: boolean } | undefined {
  const policy = kerasObject(value);
  const name = policy ? policy.config.name : value;
  if (name === null || name === undefined) return { dtype: 'float32', isMixed: false };
  if (typeof name !== 'string') return undefined;
  if (name.startsWith('mixed_')) return { dtype: 'float32', isMixed: true };
  if (['float32', 'bool', 'string'].includes(name)) return { dtype: name, isMixed: false };
  return INTEGERS.test(name) ? { dtype: 'int32', isMixed: false } : undefined;
}

/** The dtype of an input. Layers convert numbers themselves. */
export function inputType(value: Json | undefined): string {
  const name = typeof value === 'string' ? value : 'float32';
  if (['bool', 'string'].includes(name)) return name;
  return INTEGERS.test(name) ? 'int32' : 'float32';
}

/** A short text for a message. */
export function shown(value: Json | undefined): string {
  const object = isObject(value) ? kerasObject(value) : undefined;
  if (object) return object.className;
  const all = JSON.stringify(value) ?? 'nothing';
  return all.length > 60 ? `${all.slice(0, 60)}…` : all;
}

/** A list of one item counts as that item: Keras writes the axis of a BatchNormalization so. */
export function single(value: Json): Json {
  return isList(value) && value.length === 1 ? value[0]! : value;
}
