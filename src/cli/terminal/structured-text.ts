/** Functions of a SavedModel as Python would write them: `f(a, b=2, *, flag=True)`, `(x: float32[?,2]) -> int32[]`. */
import type { Structured } from '../../training/savedmodel/shown/structured.js';
import type { TensorSummary } from '../../training/savedmodel/stored/tensor-summary.js';
import { visible } from './printable.js';

/** A line above this is cut. It is not made any longer first: what is stored may have megabytes. */
const MAX_TEXT = 300;

/** Far above any real shape. */
const MAX_DIMENSIONS = 32;

/** `?` for a dimension that is not fixed; `[…]` if even their number is not. */
export function openShape(shape: TensorSummary['shape']): string {
  if (shape === null) return '[…]';
  const sizes = shape.slice(0, MAX_DIMENSIONS).map(size => size ?? '?');
  return `[${sizes.join(',')}${shape.length > MAX_DIMENSIONS ? ',…' : ''}]`;
}

/** The arguments of a function, from Python's FullArgSpec. */
export function argumentsText(spec: Structured): string {
  const text = new Text();
  const fields = new Map(spec.kind === 'named tuple' ? spec.items.map(({ key, value }) => [key, value]) : []);
  const [args, defaults] = [itemsOf(fields.get('args')), itemsOf(fields.get('defaults'))];
  const [only, onlyDefaults] = [itemsOf(fields.get('kwonlyargs')), fields.get('kwonlydefaults')];
  const [rest, named] = [nameOf(fields.get('varargs')), nameOf(fields.get('varkw'))];
  text.add('(');
  const separated = separator(text);
  for (const [i, arg] of args.entries()) {
    separated();
    text.add(nameOf(arg) ?? '?');
    withDefault(text, defaults[i - args.length + defaults.length]);
  }
  if (rest !== null || only.length > 0) {
    separated();
    text.add(`*${rest ?? ''}`);
  }
  for (const arg of only) {
    separated();
    text.add(nameOf(arg) ?? '?');
    const isDict = onlyDefaults?.kind === 'dict';
    withDefault(text, isDict ? onlyDefaults.items.find(({ key }) => key === nameOf(arg))?.value : undefined);
  }
  if (named !== null) {
    separated();
    text.add(`**${named}`);
  }
  text.add(')');
  return text.finish();
}

/** The inputs and outputs of one trace. */
export function traceText(inputs: Structured, outputs: Structured): string {
  const text = new Text();
  const separated = separator(text);
  const [positional, named] = itemsOf(inputs);
  text.add('(');
  for (const one of itemsOf(positional)) {
    separated();
    if (one.kind === 'tensor' && one.name !== '') text.add(`${one.name}: `);
    write(text, one);
  }
  for (const { key, value } of named?.kind === 'dict' ? named.items : []) {
    separated();
    text.add(`${key}: `);
    write(text, value);
  }
  text.add(') -> ');
  write(text, outputs);
  return text.finish();
}

class Text {
  #text = '';

  get isFull(): boolean {
    return this.#text.length > MAX_TEXT;
  }

  add(part: string): void {
    if (!this.isFull) this.#text += part.slice(0, MAX_TEXT + 1);
  }

  finish(): string {
    return visible(this.isFull ? `${this.#text.slice(0, MAX_TEXT).replace(/[\ud800-\udbff]$/, '')}…` : this.#text);
  }
}

/** Adds a comma each time but the first. */
function separator(text: Text): () => void {
  let isFirst = true;
  return () => {
    if (!isFirst) text.add(', ');
    isFirst = false;
  };
}

function itemsOf(value: Structured | undefined): readonly Structured[] {
  return value?.kind === 'list' || value?.kind === 'tuple' ? value.items : [];
}

function nameOf(value: Structured | undefined): string | null {
  return value?.kind === 'value' && typeof value.value === 'string' ? value.value : null;
}

function withDefault(text: Text, value: Structured | undefined): void {
  if (value === undefined) return;
  text.add('=');
  write(text, value);
}

function write(text: Text, value: Structured): void {
  if (text.isFull) return;
  if (value.kind === 'tensor') text.add(`${value.dtype}${openShape(value.shape)}`);
  else if (value.kind === 'value') text.add(python(value.value));
  else if (value.kind === 'list') writeAll(text, ['[', ']'], value.items, write);
  else if (value.kind === 'tuple') writeAll(text, ['(', value.items.length === 1 ? ',)' : ')'], value.items, write);
  else if (value.kind === 'dict') writeAll(text, ['{', '}'], value.items, writeNamed);
  else if (value.kind === 'named tuple') writeAll(text, [`${value.name}(`, ')'], value.items, writeNamed);
  else if (value.kind === 'dtype') text.add(value.dtype);
  else if (value.kind === 'shape') text.add(openShape(value.shape));
  else writeAll(text, [`${value.name || 'type'}(`, ')'], value.state === null ? [] : [value.state], write);
}

function writeAll<T>(
  text: Text,
  [open, close]: readonly [string, string],
  all: readonly T[],
  one: (text: Text, item: T) => void,
): void {
  const separated = separator(text);
  text.add(open);
  for (const item of all) {
    if (text.isFull) break;
    separated();
    one(text, item);
  }
  text.add(close);
}

function writeNamed(text: Text, { key, value }: { readonly key: string; readonly value: Structured }): void {
  text.add(`${key}: `);
  write(text, value);
}

function python(value: string | number | boolean | null): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return typeof value === 'string' ? JSON.stringify(value.slice(0, MAX_TEXT)) : String(value);
}
