/** The links of a group: names, and what they lead to. Old groups keep them in a B-tree, new ones in messages. */
import { compareUtf8 } from '../../format/utf8-order.js';
import type { Fields } from './fields.js';
import { MESSAGE, type Message } from './object-header.js';
import { type Link, type Links, readOldLinks } from './old-group.js';
import { UnknownStructure } from './other-reader.js';
import type { Structures } from './structures.js';
import { textOf } from './text.js';

const [HARD, SOFT, EXTERNAL] = [0, 1, 64];

/** Whether the object is a group, and not a dataset or a type. */
export function isGroup(messages: readonly Message[]): boolean {
  return messages.some(({ type }) => type === MESSAGE.symbolTable || type === MESSAGE.linkInfo);
}

/** The links of a group, in the order of their bytes. */
export async function readLinks(structures: Structures, messages: readonly Message[]): Promise<Links> {
  const table = messages.find(({ type }) => type === MESSAGE.symbolTable);
  if (table !== undefined) return await readOldLinks(structures, table.fields.copy());
  const info = messages.find(({ type }) => type === MESSAGE.linkInfo);
  if (info !== undefined) refuseDense(info.fields.copy());
  const links = new Map<string, Link>();
  for (const { type, fields } of messages) if (type === MESSAGE.link) addLink(fields.copy(), links);
  return new Map([...links].sort(([a], [b]) => compareUtf8(a, b)));
}

/** Many links of a new group lie in a fractal heap. */
function refuseDense(fields: Fields): void {
  const version = fields.u8();
  if (version !== 0) throw fields.corrupt(`a group of version ${version}`);
  if (fields.u8() & 1) fields.skip(8);
  if (fields.address() !== null) throw new UnknownStructure('a group in the form of the latest HDF5');
}

function addLink(fields: Fields, links: Map<string, Link>): void {
  const version = fields.u8();
  if (version !== 1) throw fields.corrupt(`a link of version ${version}`);
  const flags = fields.u8();
  const type = flags & 8 ? fields.u8() : HARD;
  // The order of creation; whether the name is ASCII.
  fields.skip((flags & 4 ? 8 : 0) + (flags & 16 ? 1 : 0));
  const name = textOf(fields.bytes(fields.sized(1 << (flags & 3))));
  if (name === '' || links.has(name)) throw fields.corrupt(`a group has two links '${name}', or one without a name`);
  links.set(name, linkOf(type, fields));
}

function linkOf(type: number, fields: Fields): Link {
  if (type === SOFT) return { kind: 'soft', to: textOf(fields.bytes(fields.u16le())) };
  if (type === EXTERNAL) return { kind: 'external' };
  if (type !== HARD) throw new UnknownStructure(`a link of the kind ${type}`);
  const address = fields.address();
  if (address === null) throw fields.corrupt('a link leads nowhere');
  return { kind: 'hard', address };
}
