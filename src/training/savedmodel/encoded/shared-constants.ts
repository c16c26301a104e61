/** Tensors whose values are in the file. Large ones are there once, however many functions have them. */
import { TensorBundleError } from '../../../errors.js';
import type { Constant } from '../graphs/graph.js';
import { type Attributes, type AttributeValue, shapeMessage, typeValue } from './attribute-values.js';

/** Bytes that a function holds itself. */
const INLINE = 1024;
/** A message ends at 2 GiB, and there are objects and signatures beside the constants. */
const MOST = 1.5 * 2 ** 30;

export class SharedConstants {
  /** Null: a small one. */
  readonly #known = new WeakMap<Constant, number | null>();
  /** The numbers of those with one type and shape. */
  readonly #alike = new Map<string, number[]>();
  readonly #constants: Constant[] = [];
  #bytes = 0;

  /** The large ones, one of each content. */
  get constants(): readonly Constant[] {
    return this.#constants;
  }

  /** The number of a large constant's content; null for a small one, which is written where it is used. */
  numberOf(constant: Constant): number | null {
    let number = this.#known.get(constant);
    if (number === undefined) {
      number = this.#numbered(constant);
      this.#known.set(constant, number);
    }
    return number;
  }

  #numbered(constant: Constant): number | null {
    const bytes = sizeOf(constant);
    if (bytes <= INLINE) {
      this.#add(bytes);
      return null;
    }
    if (bytes > MOST) this.#add(bytes);
    const kind = `${constant.dtype}:${constant.shape}`;
    const alike = this.#alike.get(kind) ?? [];
    this.#alike.set(kind, alike);
    // Not by hashes, which take longer: two that differ mostly do so early.
    const known = alike.find(number => isSameData(this.#constants[number]!.data, constant.data));
    if (known !== undefined) return known;
    this.#add(bytes);
    const number = this.#constants.push(constant) - 1;
    alike.push(number);
    return number;
  }

  #add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes <= MOST) return;
    throw new TensorBundleError(
      'ERR_NOT_SUPPORTED',
      `the functions hold more than ${MOST} bytes of constant tensors, which a SavedModel's graph has no room for; ` +
        'make large ones variables (tf.variable) that are saved with the functions',
      { expected: MOST, found: this.#bytes },
    );
  }
}

/** The attributes of a Const. */
export function constantAttributes({ dtype, shape, data }: Omit<Constant, 'kind' | 'outputs'>): Attributes {
  const values = isTexts(data) ? { stringVal: [...data] } : { tensorContent: data };
  const tensor = { dtype, tensorShape: shapeMessage(shape), ...values } as const;
  return { dtype: typeValue(dtype), value: { value: { case: 'tensor', value: tensor } } as AttributeValue };
}

function sizeOf({ data }: Constant): number {
  // A text has its length before it.
  return isTexts(data) ? data.reduce((sum, { length }) => sum + length + 2, 0) : data.length;
}

function isSameData(left: Constant['data'], right: Constant['data']): boolean {
  if (left === right) return true;
  if (isTexts(left)) return isTexts(right) && left.every((text, i) => isSameBytes(text, right[i]!));
  return !isTexts(right) && isSameBytes(left, right);
}

function isSameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && Buffer.compare(left, right) === 0;
}

export function isTexts(data: Constant['data']): data is readonly Uint8Array[] {
  return Array.isArray(data);
}
