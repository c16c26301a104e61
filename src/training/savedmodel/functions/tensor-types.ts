/** Which tensors of TensorFlow.js stand for those of a signature. */
import { dtypeInfo } from '../../../format/dtypes.js';

interface Counterpart {
  /** The type in TensorFlow.js. */
  readonly tfjs: 'float32' | 'int32' | 'bool' | 'string' | 'complex64';
  /** Values that fit both, if not all of TensorFlow.js's do. */
  readonly range?: readonly [least: number, most: number];
}

const FLOAT: Counterpart = { tfjs: 'float32' };
const COUNTERPARTS = new Map<string, Counterpart>([
  ['float32', FLOAT],
  ['float64', FLOAT],
  ['float16', FLOAT],
  ['bfloat16', FLOAT],
  ['int32', { tfjs: 'int32' }],
  ['int64', { tfjs: 'int32' }],
  ['int8', { tfjs: 'int32', range: [-128, 127] }],
  ['int16', { tfjs: 'int32', range: [-32_768, 32_767] }],
  ['uint8', { tfjs: 'int32', range: [0, 255] }],
  ['uint16', { tfjs: 'int32', range: [0, 65_535] }],
  ['uint32', { tfjs: 'int32', range: [0, 2 ** 31 - 1] }],
  ['uint64', { tfjs: 'int32', range: [0, 2 ** 31 - 1] }],
  ['bool', { tfjs: 'bool' }],
  ['string', { tfjs: 'string' }],
  ['complex64', { tfjs: 'complex64' }],
  ['complex128', { tfjs: 'complex64' }],
]);

/** Undefined if TensorFlow.js has none. */
export function counterpartOf(dtype: string): Counterpart | undefined {
  return COUNTERPARTS.get(dtype);
}

/** Number in types.proto. */
export function numberOf(dtype: string): number {
  return dtypeInfo(dtype).number;
}
