/** Strings and variants get their stored form before planning: until then nobody knows their size. */
import { TensorBundleError, throwIfAborted } from '../errors.js';
import type { TensorData } from '../format/dtypes.js';
import { encodeStrings } from '../format/strings.js';
import { variantChecksum } from '../format/variants.js';
import { checkElements, elementCount, type Item, type Pulled } from './source.js';

/** The same items, with every size known. Sources are asked one after another, in the order of add. */
export async function resolveItems(items: readonly Item[], signal: AbortSignal | undefined): Promise<Item[]> {
  const resolved: Item[] = [];
  for (const item of items) {
    if (item.content.kind !== 'elements') {
      resolved.push(item);
      continue;
    }
    throwIfAborted(signal, 'the save');
    resolved.push(await resolveItem(item, item.content.elements));
  }
  return resolved;
}

async function resolveItem(item: Item, elements: () => Promise<Pulled> | Pulled): Promise<Item> {
  const data = await collect(await elements(), item.dtype.name === 'variant');
  checkElements(item.name, item.dtype, item.shape, data);
  if (data instanceof Uint8Array) {
    const crc = checkVariant(item, data);
    return { ...item, bytes: data.byteLength, content: { kind: 'memory', view: data, crc } };
  }
  const { bytes, crc } = encodeStrings(data as readonly Uint8Array[]);
  return { ...item, bytes: bytes.byteLength, content: { kind: 'memory', view: bytes, crc } };
}

/** Pieces are elements for a string tensor, and parts of the stored bytes for a variant. */
async function collect(value: Pulled, join: boolean): Promise<TensorData> {
  if (!(Symbol.asyncIterator in value)) return value;
  const pieces: Uint8Array[] = [];
  for await (const piece of value) pieces.push(piece);
  return join ? new Uint8Array(Buffer.concat(pieces)) : pieces;
}

/** A variant's bytes are the caller's; what does not add up is no damage but a wrong argument. */
function checkVariant(item: Item, data: Uint8Array): number {
  try {
    return variantChecksum(data, elementCount(item.name, item.shape), { tensor: item.name });
  } catch (cause) {
    throw new TensorBundleError(
      'ERR_DTYPE',
      `tensor '${item.name}': these are not the stored bytes of a variant of shape [${item.shape}]`,
      { tensor: item.name, cause },
    );
  }
}
