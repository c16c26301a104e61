/** `tensorbundle merge`: merges several checkpoints into one, as TensorFlow's MergeV2Checkpoints does. */
import '../../disposal.js';
import type { Output } from '../terminal/output.js';
import type { Arguments, Command } from './command.js';
import { runSave, WRITING_OPTIONS, writerOptions } from './writing-command.js';

export const merge: Command = {
  name: 'merge',
  synopsis: 'DST SRC… [--delete-inputs] [--no-overwrite] [--json]',
  summary: 'merge checkpoints into one',
  description: `Writes all tensors of every SRC to the prefix DST, as TensorFlow's MergeV2Checkpoints does, but
atomically. Slices of one tensor may come from several inputs. It is an error if two inputs hold a tensor as a whole.`,
  options: {
    'delete-inputs': { type: 'boolean', help: 'remove the inputs once the result is safely on disk' },
    'no-overwrite': WRITING_OPTIONS['no-overwrite']!,
  },
  examples: [
    ['merge model/ckpt parts/ckpt-0 parts/ckpt-1', 'the parts of two workers'],
    ['merge --delete-inputs model/ckpt parts/*.index', 'the same for many, without keeping the parts'],
  ],
  positionals: [2, Number.POSITIVE_INFINITY],
  async run(args: Arguments, output: Output): Promise<number> {
    const options = { ...writerOptions(args), deleteInputs: args.flag('delete-inputs') };
    const { CheckpointReader, mergeCheckpoints } = await import('../../index.js');
    const [to, ...from] = args.positionals as [string, string, ...string[]];
    // Each data file of each input becomes one data file. They are counted before the merge, which may remove or
    // replace them.
    const counts = Promise.all(
      from.map(async path => {
        await using reader = await CheckpointReader.open(path, { verify: 'never' });
        const entries = reader.names().map(name => reader.entry(name));
        return new Set(
          entries.flatMap(({ shard, slices }) => (slices.length > 0 ? slices.map(one => one.shard) : [shard])),
        ).size;
      }),
    ).catch(() => []);
    await counts;
    // If the inputs cannot be read, the merge reports the error.
    const wanted = async (): Promise<number | undefined> =>
      (await counts).reduce((sum, one) => sum + one, 0) || undefined;
    return runSave({ doing: 'merge', done: 'merged into', wanted }, args, output, watch =>
      mergeCheckpoints(from, to, { ...options, ...watch }),
    );
  },
};
