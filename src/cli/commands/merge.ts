/** `tensorbundle merge`: several checkpoints into one, as TensorFlow's MergeV2Checkpoints. */
import type { Arguments, Command } from '../command.js';
import type { Output } from '../output.js';
import { runSave, WRITING_OPTIONS, writerOptions } from '../writing.js';

export const merge: Command = {
  name: 'merge',
  synopsis: 'DST SRC… [--delete-inputs] [--no-overwrite] [--json]',
  summary: 'merge checkpoints into one',
  description: `Writes all tensors of every SRC to the prefix DST, as TensorFlow's MergeV2Checkpoints does, but atomically.
Slices of one tensor may come from several inputs; a tensor that two inputs hold whole is an error.`,
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
    const { mergeCheckpoints } = await import('../../index.js');
    const [to, ...from] = args.positionals as [string, string, ...string[]];
    return runSave({ doing: 'merge', done: 'merged into' }, args, output, watch =>
      mergeCheckpoints(from, to, { ...options, ...watch }),
    );
  },
};
