/** Which types variables may have in a graph. */
import { dtypeInfo } from '../../../format/dtypes.js';

/**
 * Types for which every TensorFlow since 2.12 has AssignVariableOp. A graph with one of another type cannot be run at
 * all.
 */
const HANDLED: ReadonlySet<number> = new Set(
  [
    'float16',
    'bfloat16',
    'float32',
    'float64',
    'int8',
    'int16',
    'int32',
    'int64',
    'uint8',
    'uint16',
    'uint32',
    'uint64',
    'bool',
    'complex64',
    'complex128',
    'string',
    'qint8',
    'quint8',
    'qint32',
  ].map(name => dtypeInfo(name).number),
);

export function isHandledType(dtype: number): boolean {
  return HANDLED.has(dtype);
}
