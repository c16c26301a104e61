/** Tensors whose values are in the file. Large ones are there once, however many functions have them. */
import { createHash } from 'node:crypto';
import { TensorBundleError } from '../../../errors.js';
import { dtypeInfo } from '../../../format/dtypes.js';
import type { Constant } from '../graphs/graph.js';
import { type Attributes, type AttributeValue, shapeMessage, typeValue } from './attribute-values.js';

/** Bytes that a function holds itself. */
const INLINE = 1024;
/** A message ends at 2 GiB, and there are objects and signatures beside the constants. */
const MOST = 1.5 * 2 ** 30;
const STRING = dtypeInfo('string').number;

/** What a constant is and has: the same for all with the same values. */
type Content = string;

export class SharedConstants {
  readonly #contents = new WeakMap<Constant, Content>();
  readonly #numbers = new Map<Content, number>();
  readonly #constants: Constant[] = [];
  #bytes = 0;

  /** One of each content. */
  get constants(): readonly Constant[] {
    return this.#constants;
  }

  /** The number of a large constant's content; undefined for a small one, which is written where it is used. */
  numberOf(constant: Constant): number | undefined {
    const bytes = sizeOf(constant);
    if (bytes <= INLINE) {
      this.#add(bytes);
      return;
    }
    let content = this.#contents.get(constant);
    if (content === undefined) {
      content = contentOf(constant);
      this.#contents.set(constant, content);
    }
    let number = this.#numbers.get(content);
    if (number === undefined) {
      this.#add(bytes);
      number = this.#constants.push(constant) - 1;
      this.#numbers.set(content, number);
    }
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
  const values = dtype === STRING ? { stringVal: [...(data as readonly Uint8Array[])] } : { tensorContent: data };
  const tensor = { dtype, tensorShape: shapeMessage(shape), ...values } as const;
  return { dtype: typeValue(dtype), value: { value: { case: 'tensor', value: tensor } } as AttributeValue };
}

function sizeOf({ data }: Constant): number {
  return data instanceof Uint8Array ? data.length : data.reduce((sum, { length }) => sum + length + 2, 0);
}

function contentOf({ dtype, shape, data }: Constant): Content {
  const hash = createHash('sha256').update(`${dtype}:${shape}:`);
  if (data instanceof Uint8Array) hash.update(data);
  else for (const text of data) hash.update(`${text.length}:`).update(text);
  return hash.digest('base64');
}
