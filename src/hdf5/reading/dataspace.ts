/** Dataspace messages: the shape of a dataset or of an attribute. */
import { isCountable } from '../../format/shape.js';
import type { Fields } from './fields.js';

/** H5S_MAX_RANK. */
const MAX_RANK = 32;
const NULL_SPACE = 2;

/** Null: the dataspace holds nothing at all, not even a scalar. */
export function readShape(fields: Fields): readonly number[] | null {
  const version = fields.u8();
  if (version !== 1 && version !== 2) throw fields.corrupt(`a dataspace of version ${version}`);
  const rank = fields.u8();
  // Flags: whether the largest sizes follow, which say nothing about the values.
  fields.skip(1);
  const kind = fields.u8();
  if (version === 1) fields.skip(4);
  else if (kind > NULL_SPACE) throw fields.corrupt(`a dataspace of kind ${kind}`);
  if (rank > MAX_RANK) throw fields.corrupt(`a dataspace has ${rank} dimensions`, fields.at, { found: rank });
  if (version === 2 && kind === NULL_SPACE) return null;
  const at = fields.at;
  const shape = Array.from({ length: rank }, () => fields.length());
  if (!isCountable(shape)) throw fields.corrupt(`a shape of [${shape}] has too many elements`, at, { found: shape });
  return shape;
}
