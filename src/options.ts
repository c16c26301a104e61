/**
 * Objects of options. A key that no option has is a slip of the pen (`save_best_only`, `durrable`): it would be ignored
 * without a word, so it is refused, with the option that was meant.
 */
import { invalidArgument, type TensorBundleError } from './errors.js';
import { isRoot, isSignal } from './realms.js';

/**
 * The options that an interface declares. TypeScript refuses a list that lacks one of them. `true`: whoever takes the
 * value looks at it; 'flag': it is true or false; 'number', 'number or null': it is one, and not NaN; 'signal',
 * 'function': an AbortSignal, a function; an array: one of these; a list: an object of options again, unless it is no
 * object.
 */
export type OptionList<T> = { readonly [K in keyof Required<T>]: OptionKind<NonNullable<T[K]>> };
type OptionKind<V> = [V] extends [boolean]
  ? 'flag'
  : [V] extends [AbortSignal]
    ? 'signal'
    : [V] extends [(...given: never[]) => unknown]
      ? 'function'
      : [V] extends [number]
        ? true | 'number' | 'number or null' | readonly V[]
        : true | readonly V[] | InnerList<V>;
/** Of the members of a union that are objects. */
type InnerList<V> = V extends object ? OptionList<V> : never;

const KINDS = {
  flag: { expected: 'true or false', fits: (value: unknown) => typeof value === 'boolean' },
  number: { expected: 'a number', fits: isNumber },
  'number or null': { expected: 'a number or null', fits: (value: unknown) => value === null || isNumber(value) },
  signal: { expected: 'an AbortSignal', fits: isSignal },
  function: { expected: 'a function', fits: (value: unknown) => typeof value === 'function' },
};

function isNumber(value: unknown): boolean {
  return typeof value === 'number' && !Number.isNaN(value);
}

/** A list as it is here, where it does not matter of what. */
interface AnyList {
  readonly [option: string]: true | keyof typeof KINDS | readonly unknown[] | AnyList;
}

/** More letters than that are wrong in no slip of the pen. */
const MOST_EDITS = 3;

/**
 * Throws ERR_INVALID_ARGUMENT for keys that are not in the list, and for what is no object of options. `what` is the
 * function or class that was called. `undefined` is as if the option were left out. Inherited options count, as they do
 * for whoever reads them; symbols do not: no option has one, and nobody writes one by mistake.
 */
export function refuseUnknown<T extends object>(options: T, what: string, list: OptionList<T>): void {
  refuse(options, what, '', list as unknown as AnyList);
}

function refuse(options: object, what: string, path: string, list: AnyList): void {
  if (!isPlain(options)) throw notOptions(options, what, path, list);
  const unknown: string[] = [];
  for (const key in options) {
    const kind = Object.hasOwn(list, key) ? list[key] : undefined;
    if (kind !== undefined) checkValue((options as Record<string, unknown>)[key], what, path + key, kind);
    else if (!isOfEveryObject(options, key)) unknown.push(key);
  }
  if (unknown.length > 0) throw unknownOptions(unknown, what, path, list);
}

function checkValue(value: unknown, what: string, name: string, kind: AnyList[string]): void {
  if (value === undefined || kind === true) return;
  if (typeof kind === 'object' && !isChoice(kind)) {
    if (typeof value === 'object' && value !== null) refuse(value, what, `${name}.`, kind);
    return;
  }
  const fits = isChoice(kind) ? kind.includes(value) : KINDS[kind].fits(value);
  if (fits) return;
  const expected = isChoice(kind) ? kind.map(one => `'${one}'`).join(' or ') : KINDS[kind].expected;
  throw invalidArgument(`${name} must be ${expected}, not ${described(value)} (an option of ${what})`, {
    expected,
    found: value,
  });
}

function isChoice(kind: AnyList[string]): kind is readonly unknown[] {
  return Array.isArray(kind);
}

/**
 * Of any realm, and of any class that does not call itself something else: a Map, a signal, an array or a Date hold no
 * options.
 */
function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const tag = Object.prototype.toString.call(value);
  return tag === '[object Object]' || tag === '[object Module]';
}

/** What somebody added to `Object.prototype` is in every object, and nobody's option. */
function isOfEveryObject(options: object, key: string): boolean {
  let holder: object | null = options;
  while (holder !== null && !Object.hasOwn(holder, key)) holder = Object.getPrototypeOf(holder) as object | null;
  return holder !== null && holder !== options && isRoot(holder);
}

function unknownOptions(keys: readonly string[], what: string, path: string, list: AnyList): TensorBundleError {
  const known = Object.keys(list);
  const meant = keys.map(key => meantBy(key, list));
  const texts = keys.map((key, i) => {
    const not = `\`${path}${key}\` is not an option of ${what}`;
    if (meant[i] !== undefined) return `${not}; did you mean \`${path}${meant[i]}\`?`;
    const outer = ownerOf(key, list);
    if (outer !== undefined) return `${not}; it belongs into \`${outer[0]}\`: { ${outer[0]}: { ${outer[1]} } }`;
    // Of the callbacks, which have options of their own beside those.
    if (key === 'writer' && Object.hasOwn(list, 'durable'))
      return `${not}; what would be in it stands by itself here: { durable } in place of { writer: { durable } }`;
    return `${not}; there are ${known.map(option => `\`${path}${option}\``).join(', ')}`;
  });
  return invalidArgument(texts.join(' '), {
    expected: meant[0] ?? known,
    found: `${path}${keys[0]}`,
  });
}

/** The same letters (`save_best_only`, `MaxToKeep`), else the nearest of those that differ in few. */
function meantBy(key: string, list: AnyList): string | undefined {
  const letters = lettersOf(key);
  const known = Object.keys(list);
  const same = known.find(option => lettersOf(option) === letters);
  // An option of another object, rightly spelled, is nearer than any slip.
  if (same !== undefined || ownerOf(key, list) !== undefined) return same;
  const limit = Math.min(MOST_EDITS, Math.floor(letters.length / 3));
  const [nearest] = known
    .map(option => ({ option, edits: editsBetween(letters, lettersOf(option)) }))
    .sort((a, b) => a.edits - b.edits);
  return nearest !== undefined && nearest.edits <= limit ? nearest.option : undefined;
}

/** The option whose own options have it: what writes the files is in `writer`. */
function ownerOf(key: string, list: AnyList): [outer: string, inner: string] | undefined {
  for (const [outer, inner] of Object.entries(list)) {
    const names = typeof inner === 'object' && !isChoice(inner) ? Object.keys(inner) : [];
    const found = names.find(one => lettersOf(one) === lettersOf(key));
    if (found !== undefined) return [outer, found];
  }
  return undefined;
}

function lettersOf(key: string): string {
  return key.replaceAll(/[_\-\s]/g, '').toLowerCase();
}

/** Letters to put in, leave out, change, or swap with the next (Damerau, Levenshtein). */
function editsBetween(a: string, b: string): number {
  // More than that is no slip, and a key may be of any length.
  if (Math.abs(a.length - b.length) > MOST_EDITS) return MOST_EDITS + 1;
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(changed, rows[i - 1]![j]! + 1, row[j - 1]! + 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwap) row[j] = Math.min(row[j]!, rows[i - 2]![j - 2]! + 1);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}

function notOptions(found: unknown, what: string, path: string, list: AnyList): TensorBundleError {
  const name = path === '' ? `the options of ${what}` : `\`${path.slice(0, -1)}\` of ${what}`;
  const example = Object.hasOwn(list, 'signal') && isSignal(found) ? 'signal' : Object.keys(list)[0]!;
  return invalidArgument(`${name} must be an object, for example { ${example} }, not ${described(found)}`, {
    expected: 'an object',
    found,
  });
}

function described(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value);
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  return `an ${Object.prototype.toString.call(value).slice('[object '.length, -1)}`.replace(/^an (?=[^AEIO])/, 'a ');
}
