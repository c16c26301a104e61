/** `tensorbundle latest`: prints the newest checkpoint of a directory. */

import { EXIT } from '../terminal/failure.js';
import type { Output } from '../terminal/output.js';
import { visible } from '../terminal/printable.js';
import type { Arguments, Command } from './command.js';

export const latest: Command = {
  name: 'latest',
  synopsis: 'DIR [--valid] [--json]',
  summary: 'print the newest checkpoint of a directory',
  description: `Prints the prefix that the directory's \`checkpoint\` file names, as tf.train.latest_checkpoint does.
With --valid, the checkpoints are read in full, newest first, and the first that is whole is printed, even if the
\`checkpoint\` file is missing or names a damaged one. Exit code 1 if there is none. In a pipe the path is printed as
it is, for programs to use; on a terminal, characters that the terminal would obey or hide are printed as their codes.`,
  options: {
    valid: { type: 'boolean', help: 'only a checkpoint in which every checksum is right' },
  },
  examples: [
    ['latest model', 'what TensorFlow would restore'],
    ['show "$(tensorbundle latest --valid model)" save_counter/.ATTRIBUTES/VARIABLE_VALUE', 'how far the training got'],
  ],
  positionals: [1, 1],
  async run(args: Arguments, output: Output): Promise<number> {
    const directory = args.positionals[0]!;
    const { latestCheckpoint, latestValidCheckpoint } = await import('../../index.js');
    const path = args.flag('valid') ? await latestValidCheckpoint(directory) : await latestCheckpoint(directory);
    if (args.json) output.json({ path });
    else if (path !== null) output.line(path);
    else output.error(`no ${args.flag('valid') ? 'whole ' : ''}checkpoint in ${visible(directory)}\n`);
    return path === null ? EXIT.finding : EXIT.ok;
  },
};
