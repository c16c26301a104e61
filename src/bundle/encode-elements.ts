/**
 * Gives strings and variants their stored form before planning, because their size is not known until then. A tensor
 * that was given as text has it already (source.ts).
 */

import { TensorBundleError, throwIfAborted } from '../errors.js';
import { type EncodedStrings, encodeStrings } from '../format/strings.js';
import { variantChecksum } from '../format/variants.js';
import { isBytes } from '../realms.js';
import { elementsOf, encodeText, textsOf } from './elements.js';
import type { Content, Item, SizedItem } from './item.js';
import { checkLength, checkPiece, isAsyncIterable, orAborted, untilAborted } from './lazy-sources.js';
import { elementCount } from './shapes.js';

/**
 * The same items, now with every size known. Sources are asked one after another, in the order in which they were
 * added.
 */
export async function resolveItems(
  items: readonly Item[],
  signal: AbortSignal | undefined,
): Promise<readonly SizedItem[]> {
  const resolved = [...items];
  // Not `entries()`: nothing is made for an item that is left as it is.
  for (let i = 0; i < resolved.length; i++) {
    const item = resolved[i]!;
    if (item.content.kind !== 'elements') continue;
    throwIfAborted(signal, 'the save');
    resolved[i] = await resolveItem(item, item.content, item.content.foreign ? signal : undefined);
    item.content.handedOver?.();
  }
  // Only strings and variants had no size.
  return resolved as readonly SizedItem[];
}

/** `signal` is only given if an abort need not wait for the source. */
async function resolveItem(
  item: Item,
  content: Content & { kind: 'elements' },
  signal: AbortSignal | undefined,
): Promise<SizedItem> {
  const value = await orAborted(content.elements(), signal);
  const pieces = isAsyncIterable(value) ? await collect(item, value, signal) : null;
  // From here to the end nothing is awaited, so that what is checked is what is encoded.
  if (pieces !== null) checkLengths(item.name, pieces.views, pieces.lengths);
  const data = pieces === null ? value : item.dtype.name === 'variant' ? joined(pieces.views) : pieces.views;
  const texts = textsOf(item.name, item.dtype, item.shape, data);
  if (texts !== null) return encoded(item, texts);
  const elements = elementsOf(item.name, item.dtype, item.shape, data);
  if (content.lengths) checkLengths(item.name, isBytes(elements) ? [elements] : elements, content.lengths);
  if (isBytes(elements)) {
    // Copied, as strings are: the checksum is made now, and the caller might change the bytes before they are written.
    const view = pieces === null && content.own === undefined ? Uint8Array.from(elements) : elements;
    return {
      ...item,
      bytes: view.byteLength,
      content: { kind: 'memory', view, crc: checkVariant(item, view), own: 'kept' },
    };
  }
  return encoded(item, encodeStrings(elements));
}

function encoded(item: Item, { bytes, crc }: EncodedStrings): SizedItem {
  return { ...item, bytes: bytes.byteLength, content: { kind: 'memory', view: bytes, crc, own: 'kept' } };
}

/** A piece is an element of a string tensor, or a part of the stored bytes of a variant. */
async function collect(
  { name, dtype }: Item,
  source: AsyncIterable<Uint8Array | string>,
  signal: AbortSignal | undefined,
): Promise<{ views: Uint8Array[]; lengths: number[] }> {
  const views: Uint8Array[] = [];
  const lengths: number[] = [];
  for await (const given of untilAborted(source, signal)) {
    const isText = typeof given === 'string' && dtype.name === 'string';
    const piece = isText ? encodeText(name, given, views.length) : given;
    checkPiece(name, piece);
    views.push(piece);
    lengths.push(piece.byteLength);
  }
  return { views, lengths };
}

function joined(views: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(views));
}

function checkLengths(name: string, views: readonly Uint8Array[], lengths: readonly number[]): void {
  for (let i = 0; i < views.length; i++) checkLength(name, lengths[i]!, views[i]!.byteLength);
}

/** The bytes of a variant come from the caller. So bytes that do not add up are a wrong argument, not damage. */
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
