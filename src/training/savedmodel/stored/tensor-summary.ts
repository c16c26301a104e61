/** Types and shapes in the messages of a SavedModel, as this package writes them. */
import { dtypeOfNumber } from '../../../format/dtypes.js';
import type { TensorShapeProto } from './messages.js';

export interface TensorSummary {
  readonly name: string;
  /**
   * As in Python: `float32`. `resource` for a handle, `float32_ref` for a reference variable of TensorFlow 1, `none`
   * for a composite tensor, which has no type of its own; else `unknown-N`.
   */
  readonly dtype: string;
  /** Null in place of a dimension that is not fixed; null if even their number is not. */
  readonly shape: readonly (number | null)[] | null;
}

const RESOURCE = 20;
/** TensorFlow 1 added this to the number of a type for its reference variables. */
const REFERENCE = 100;

export function dtypeName(number: number): string {
  if (number === 0) return 'none';
  if (number === RESOURCE) return 'resource';
  if (number > REFERENCE) return `${dtypeOfNumber(number - REFERENCE).name}_ref`;
  return dtypeOfNumber(number).name;
}

export function shapeOf(shape: TensorShapeProto | undefined): TensorSummary['shape'] {
  if (shape === undefined || shape.unknownRank) return null;
  return shape.dim.map(({ size }) => (size < 0n ? null : Number(size)));
}
