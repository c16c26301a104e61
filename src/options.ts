/**
 * Checks of option objects. A key that is not an option is a typing error (`save_best_only`, `durrable`). It would be
 * ignored silently, so it is refused, and the error names the option that was probably meant.
 */
import { invalidArgument, type TensorBundleError } from './errors.js';
import { isRoot, isSignal } from './realms.js';

/**
 * What each option of an interface may be. TypeScript refuses a list that lacks an option. 'flag': true or false.
 * 'number', 'number or null': a number that is not NaN, or null. 'signal': an AbortSignal. 'function': a function. An
 * array: one of its members. A list: an object with these options; another kind of value is left to the code that uses
 * the option. `true`: nothing is checked here.
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
/** The lists of those members of a union that are objects. */
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

/** An option list of any interface. */
interface AnyList {
  readonly [option: string]: true | keyof typeof KINDS | readonly unknown[] | AnyList;
}

/** A typing error has at most this many wrong letters. */
const MOST_EDITS = 3;

/**
 * Throws ERR_INVALID_ARGUMENT for keys that are not in the list, and for a value that is not an object of options.
 * `what` is the function or class that was called. An option that is `undefined` counts as left out. Inherited options
 * count, because the code that reads options sees them. Symbols are ignored: no option is one, and nobody writes one by
 * mistake.
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
 * Whether a value can hold options. It may come from any realm, and be of any class without a tag of its own. A Map, a
 * signal, an array or a Date cannot.
 */
function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const tag = Object.prototype.toString.call(value);
  return tag === '[object Object]' || tag === '[object Module]';
}

/**
 * Whether a key comes from `Object.prototype`. Code that adds one there puts it into every object, and it is not an
 * option.
 */
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
    if (outer !== undefined) return `${not}; it belongs in \`${outer[0]}\`: { ${outer[0]}: { ${outer[1]} } }`;
    // Callbacks have writer options beside their own.
    if (key === 'writer' && Object.hasOwn(list, 'durable'))
      return `${not}; its options are given directly here: { durable } in place of { writer: { durable } }`;
    return `${not}; the options are ${known.map(option => `\`${path}${option}\``).join(', ')}`;
  });
  return invalidArgument(texts.join(' '), {
    expected: meant[0] ?? known,
    found: `${path}${keys[0]}`,
  });
}

/** The option with the same letters (`save_best_only`, `MaxToKeep`), else the nearest of those with few differences. */
function meantBy(key: string, list: AnyList): string | undefined {
  const letters = lettersOf(key);
  const known = Object.keys(list);
  const same = known.find(option => lettersOf(option) === letters);
  // The exact name of an option of another object is nearer than any typing error.
  if (same !== undefined || ownerOf(key, list) !== undefined) return same;
  const limit = Math.min(MOST_EDITS, Math.floor(letters.length / 3));
  const [nearest] = known
    .map(option => ({ option, edits: editsBetween(letters, lettersOf(option)) }))
    .sort((a, b) => a.edits - b.edits);
  return nearest !== undefined && nearest.edits <= limit ? nearest.option : undefined;
}

/** The option that has this key among its own options: for example, `writer` has those of the files. */
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

/** How many letters to insert, leave out, change, or swap with the next (Damerau-Levenshtein distance). */
function editsBetween(a: string, b: string): number {
  // So many differences are not a typing error, and a key may be of any length.
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
