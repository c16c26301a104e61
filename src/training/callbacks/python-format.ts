/**
 * Writes numbers as Python's `format()` does: `[[fill]align][sign][0][width][,][.precision][type]` with the types d, f,
 * e, g and % (Python's "Format Specification Mini-Language"; Objects/stringlib/unicode_format.h). Keras's file patterns
 * use it.
 */

/** A Python number. In Python `epoch` is an int and a metric is a float; they are written differently (`5`, `5.0`). */
export interface PythonNumber {
  readonly value: number;
  readonly kind: 'int' | 'float';
}

interface Spec {
  readonly fill: string;
  readonly align: '<' | '>' | '^' | '=';
  readonly sign: '+' | '-' | ' ';
  readonly width: number;
  readonly comma: boolean;
  readonly precision: number | null;
  readonly type: string;
}

/** Far more than is useful: a file name has at most 255 bytes, a double 17 digits. Python has no such limits. */
export const [MAX_WIDTH, MAX_PRECISION] = [999, 99] as const;
const SPEC = /^(?:(.)?([<>=^]))?([+ -])?(0)?(\d{1,3})?(,)?(?:\.(\d{1,2}))?([dfFeEgG%])?$/su;

/** Null for a specification that Python, or this package, does not know. */
export function parseSpec(text: string): Spec | null {
  const match = SPEC.exec(text);
  if (!match) return null;
  const [, fill, align, sign, zero, width, comma, precision, type] = match;
  return {
    fill: fill ?? (zero ? '0' : ' '),
    align: (align as Spec['align'] | undefined) ?? (zero ? '=' : '>'),
    sign: (sign as Spec['sign'] | undefined) ?? '-',
    width: Number(width ?? 0),
    comma: comma !== undefined,
    precision: precision === undefined ? null : Number(precision),
    type: type ?? '',
  };
}

/** Null where Python raises: `d` for a float, a precision for an int. */
export function formatNumber({ value, kind }: PythonNumber, spec: Spec): string | null {
  const digits = magnitude(Math.abs(value), kind, spec);
  if (digits === null) return null;
  const negative = value < 0 || Object.is(value, -0);
  const sign = negative ? '-' : spec.sign === '-' ? '' : spec.sign;
  if (spec.align === '=' && spec.fill === '0' && spec.comma) return sign + zeroGroups(digits, spec.width - sign.length);
  const missing = Math.max(0, spec.width - sign.length - digits.length);
  const padding = (count: number): string => spec.fill.repeat(count);
  if (spec.align === '=') return sign + padding(missing) + digits;
  if (spec.align === '<') return sign + digits + padding(missing);
  if (spec.align === '>') return padding(missing) + sign + digits;
  return padding(Math.floor(missing / 2)) + sign + digits + padding(Math.ceil(missing / 2));
}

function magnitude(value: number, kind: 'int' | 'float', spec: Spec): string | null {
  const { type, precision } = spec;
  if (type === 'd' || (type === '' && kind === 'int')) {
    if (kind === 'float' || precision !== null) return null;
    return grouped(String(value), spec);
  }
  if (!Number.isFinite(type === '%' ? value * 100 : value)) {
    const text = Number.isNaN(value) ? 'nan' : 'inf';
    return (type === 'F' || type === 'E' || type === 'G' ? text.toUpperCase() : text) + (type === '%' ? '%' : '');
  }
  const text = grouped(finite(value, type.toLowerCase(), precision), spec);
  return type === 'E' || type === 'G' ? text.toUpperCase() : text;
}

function finite(value: number, type: string, precision: number | null): string {
  if (type === 'f') return fixed(value, precision ?? 6);
  if (type === '%') return `${fixed(value * 100, precision ?? 6)}%`;
  if (type === 'e') return exponential(value, precision ?? 6);
  if (type === 'g') return general(value, precision ?? 6, 0);
  return precision === null ? shortest(value) : withPoint(general(value, precision, 1));
}

/** `repr`: the shortest digits that are read back as the same number, in Python's choice between the two notations. */
function shortest(value: number): string {
  const [digits, exponent] = value.toExponential().split('e') as [string, string];
  if (value !== 0 && (Number(exponent) < -4 || Number(exponent) >= 16)) return `${digits}e${twoDigits(exponent)}`;
  return withPoint(fixed(value, Math.max(0, digits.replace('.', '').length - 1 - Number(exponent))));
}

function withPoint(text: string): string {
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** Python's g. `less` lowers the number of digits from which the notation with an exponent is used. */
function general(value: number, precision: number, less: number): string {
  const places = Math.max(1, precision);
  const rounded = exponential(value, places - 1);
  const [digits, exponent] = rounded.split('e') as [string, string];
  const strip = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);
  if (Number(exponent) >= -4 && Number(exponent) < places - less)
    return strip(fixed(value, places - 1 - Number(exponent)));
  return `${strip(digits)}e${exponent}`;
}

function fixed(value: number, places: number): string {
  if (value >= 1e21) return BigInt(value) + (places > 0 ? `.${'0'.repeat(places)}` : '');
  return halfEven(places, count => value.toFixed(count));
}

function exponential(value: number, places: number): string {
  const [, exponent] = value.toExponential(places).split('e') as [string, string];
  const digits = halfEven(places, count => {
    const [more, moreExponent] = value.toExponential(count).split('e') as [string, string];
    return moreExponent === exponent || count === places ? more : '9.9';
  });
  return `${digits}e${twoDigits(exponent)}`;
}

/** If a number lies exactly in the middle, JavaScript rounds it up and Python rounds it to the even digit. */
function halfEven(places: number, write: (places: number) => string): string {
  const rounded = write(places);
  const exact = write(Math.min(100, places + 40));
  const rest = exact.slice(exact.indexOf('.') + 1 + places);
  const odd = /[13579]$/.test(rounded);
  if (!/^50*$/.test(rest) || !odd) return rounded;
  return exact.slice(0, exact.indexOf('.') + (places > 0 ? 1 + places : 0));
}

function twoDigits(exponent: string): string {
  return exponent.replace(/^([+-])(\d)$/, '$10$2');
}

function grouped(text: string, { comma }: Spec): string {
  return comma ? text.replace(/^\d+/, inThrees) : text;
}

/** Puts a comma between groups of three digits, from the right. */
function inThrees(digits: string): string {
  const first = digits.length % 3;
  const groups = first > 0 ? [digits.slice(0, first)] : [];
  for (let at = first; at < digits.length; at += 3) groups.push(digits.slice(at, at + 3));
  return groups.join(',');
}

/** Fills a number with commas up with zeros. The zeros are grouped too, and a comma is never the first character. */
function zeroGroups(digits: string, width: number): string {
  const whole = /^[\d,]*/.exec(digits)![0];
  const rest = digits.slice(whole.length);
  const plain = whole.replaceAll(',', '');
  const room = width - rest.length;
  // Of `room` characters, every fourth from the right is a comma. If the first one would be a comma, one more zero is
  // put before it.
  const places = room - Math.floor(room / 4) + (room > 0 && room % 4 === 0 ? 1 : 0);
  return inThrees(plain.padStart(places, '0')) + rest;
}
