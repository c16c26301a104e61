/** `tensorbundle ls`: lists what is in a checkpoint. */
import type { Entry } from '../../index.js';
import { EXIT, UsageError } from '../terminal/failure.js';
import type { Output } from '../terminal/output.js';
import { visible, widthOf } from '../terminal/printable.js';
import { columns, humanBytes, plural, type Style, shapeText } from '../terminal/style.js';
import { buildTree, treeLines } from '../terminal/tree.js';
import type { Arguments, Command } from './command.js';
import { openTensors } from './opened-tensors.js';

type Listed = Entry & { name: string };

/** shard:offset, or the number of slices of a partitioned tensor. */
function place(entry: Entry): string {
  if (entry.slices.length > 0) return plural(entry.slices.length, 'slice');
  return entry.shard === null || entry.offset === null ? '-' : `${entry.shard}:${entry.offset}`;
}

function checksum(entry: Entry): string {
  return entry.crc32c === null ? '-' : entry.crc32c.toString(16).padStart(8, '0');
}

function fields(entry: Entry, long: boolean, size: (bytes: number) => string): string[] {
  const short = [entry.dtype, shapeText(entry.shape), size(entry.bytes)];
  return long ? [...short, place(entry), checksum(entry)] : short;
}

/** One line per tensor. In a pipe, fields are separated by one tab and sizes are plain bytes, for cut, sort and awk. */
function flat(tensors: readonly Listed[], long: boolean, terminal: boolean): string[] {
  if (!terminal) return tensors.map(t => [visible(t.name), ...fields(t, long, String)].join('\t'));
  return columns(
    tensors.map(t => [visible(t.name), ...fields(t, long, humanBytes)]),
    [3],
  );
}

function tree(tensors: readonly Listed[], long: boolean, style: Style): string[] {
  const lines = treeLines(buildTree(tensors.map(tensor => ({ name: tensor.name, item: tensor }))));
  const widths = lines.map(({ branch, label }) => widthOf(branch) + widthOf(visible(label)));
  const widest = widths.reduce((most, width) => Math.max(most, width), 0);
  // Escape codes have no width, so cells are padded before they are coloured.
  const cells = columns(
    lines.map(({ node }) => (node.item ? fields(node.item, long, humanBytes) : ['', '', ''])),
    [2],
  );
  return lines.map(({ branch, label, node }, i) => {
    const name = node.item ? visible(label) : style.bold(visible(label));
    if (!node.item) return style.dim(branch) + name;
    const dtype = node.item.dtype;
    const rest = cells[i]!.replace(dtype, () => style.type(dtype));
    return `${style.dim(branch)}${name}${' '.repeat(widest - widths[i]! + 2)}${rest}`;
  });
}

export const ls: Command = {
  name: 'ls',
  synopsis: 'PATH [--tree | --flat] [--long] [--json]',
  summary: 'list tensors, also of a file of Keras',
  description: `Lists every tensor with its dtype, shape and size. No tensor is read. On a terminal the list is a
tree by object path, without the usual ending /.ATTRIBUTES/VARIABLE_VALUE. In a pipe it has one tensor per line, with
whole names, tabs between the fields, and sizes in bytes. PATH may also be a .keras, an .h5 or .weights.h5, or a
.weights.json of Keras: the names are the paths in the file then, and there are no checksums.`,
  options: {
    tree: { type: 'boolean', help: 'a tree by object path (the default on a terminal)' },
    flat: { type: 'boolean', help: 'one tensor per line, with its whole name (the default in a pipe)' },
    long: { type: 'boolean', short: 'l', help: 'also shard:offset (or the number of slices) and the CRC32C' },
  },
  examples: [
    ['ls model/ckpt-7', 'the tree of a checkpoint'],
    ['ls model/ckpt-7 | sort -n -k4 | tail -5', 'the five largest tensors'],
    ['ls model.keras', 'what Keras saved'],
    ["ls --json saved_model/ | jq '.tensors[].name'", 'the names in a SavedModel'],
  ],
  positionals: [1, 1],
  async run(args: Arguments, output: Output): Promise<number> {
    if (args.flag('tree') && args.flag('flat')) throw new UsageError('--tree and --flat exclude each other', 'ls');
    const reader = await openTensors(args.positionals[0]!);
    try {
      const tensors = reader.names().map(name => ({ name, ...reader.entry(name) }));
      const bytes = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
      const { prefix, numShards } = reader;
      if (args.json) {
        output.json({ prefix, numShards, bytes, tensors });
        return EXIT.ok;
      }
      const asTree = args.flag('tree') || (output.isTerminal && !args.flag('flat'));
      const long = args.flag('long');
      const lines = asTree ? tree(tensors, long, output.style) : flat(tensors, long, output.isTerminal);
      if (asTree || output.isTerminal) {
        const total = `${plural(tensors.length, 'tensor')}, ${humanBytes(bytes)}, ${plural(numShards, 'shard')}`;
        lines.push(output.style.dim(`${total}: ${visible(prefix)}`));
      }
      if (lines.length > 0) output.write(`${lines.join('\n')}\n`);
      return EXIT.ok;
    } finally {
      await reader.close();
    }
  },
};
