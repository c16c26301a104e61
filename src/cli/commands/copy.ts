/** `tensorbundle copy`: copies a checkpoint, re-encoded or resharded. */
import '../../disposal.js';
import type { Output } from '../terminal/output.js';
import type { Arguments, Command } from './command.js';
import { runSave, WRITING_OPTIONS, writerOptions } from './writing-command.js';

export const copy: Command = {
  name: 'copy',
  synopsis: 'SRC DST [--shards N | --max-bytes N] [--no-overwrite] [--json]',
  summary: 'copy a checkpoint, or change its data files',
  description: `Reads SRC, compares every checksum, and writes it to the prefix DST. DST appears complete or not at
all. Without --shards and --max-bytes the copy keeps the data files, their order and slices, so the copy of a
checkpoint that TensorFlow wrote is the same, byte for byte.`,
  options: WRITING_OPTIONS,
  examples: [
    ['copy model/ckpt-7 backup/ckpt-7', 'a checked copy'],
    ['copy --shards 1 big/ckpt single/ckpt', 'many data files into one'],
    ['copy --max-bytes 1G model/ckpt-7 sharded/ckpt', 'data files of at most 1 GiB'],
  ],
  positionals: [2, 2],
  async run(args: Arguments, output: Output): Promise<number> {
    const options = writerOptions(args);
    const { CheckpointReader, copyCheckpoint } = await import('../../index.js');
    const [from, to] = args.positionals as [string, string];
    // With --max-bytes no number of files was asked for.
    const wanted = async (): Promise<number | undefined> => {
      if (options.shards !== undefined) return typeof options.shards === 'number' ? options.shards : undefined;
      await using reader = await CheckpointReader.open(from, { verify: 'never' });
      return reader.numShards;
    };
    return runSave({ doing: 'copy', done: 'copied to', wanted }, args, output, watch =>
      copyCheckpoint(from, to, { ...options, ...watch }),
    );
  },
};
