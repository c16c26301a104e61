/**
 * The names of a function's parameters, from its source text. JavaScript has no other way to ask for them, and they are
 * the natural names of a signature's inputs. What cannot be read has no name: a destructured parameter, a function of
 * the engine, one that was bound.
 */

/** Comments and strings, in which commas and brackets mean nothing. */
const SKIPPED = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\[\s\S]|[^'\\])*'|"(?:\\[\s\S]|[^"\\])*"/y;
const OPENING = '([{';
const CLOSING = ')]}';
const NAME = /^[A-Za-z_$][\w$]*$/;
/** A parameter without brackets: `x => …`, `async x => …`. */
const BARE = /^(?:async\s+)?([A-Za-z_$][\w$]*)\s*=>/;

/** In order; undefined for a parameter whose name cannot be read. Names after a rest parameter are left out. */
export function parameterNames(fn: (...given: never[]) => unknown): (string | undefined)[] {
  const text = Function.prototype.toString.call(fn);
  const bare = BARE.exec(text);
  if (bare) return [bare[1]];
  const start = text.indexOf('(');
  if (start < 0 || text.includes('[native code]')) return [];
  const names: (string | undefined)[] = [];
  for (const part of partsAt(text, start + 1)) {
    if (part.startsWith('...')) break;
    const name = part.split('=', 1)[0]!.trim();
    names.push(NAME.test(name) ? name : undefined);
  }
  return names;
}

/** The texts between the commas, without comments, up to the bracket that closes. */
function partsAt(text: string, start: number): string[] {
  const parts: string[] = [];
  let part = '';
  let depth = 0;
  for (let at = start; at < text.length; ) {
    SKIPPED.lastIndex = at;
    const skipped = SKIPPED.exec(text)?.[0];
    if (skipped !== undefined) {
      at += skipped.length;
      continue;
    }
    const character = text[at++]!;
    if (CLOSING.includes(character) && depth-- === 0) break;
    if (OPENING.includes(character)) depth++;
    if (character === ',' && depth === 0) {
      parts.push(part.trim());
      part = '';
    } else part += character;
  }
  if (part.trim() !== '') parts.push(part.trim());
  return parts;
}
