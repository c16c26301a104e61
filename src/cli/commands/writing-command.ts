/** What the commands that write a checkpoint share: options, progress bar, interruption, report. */
import { performance } from 'node:perf_hooks';
import type { Progress, SaveResult, WriterOptions } from '../../index.js';
import { EXIT, UsageError } from '../terminal/failure.js';
import { interruptible } from '../terminal/interrupt.js';
import type { Output } from '../terminal/output.js';
import { visible } from '../terminal/printable.js';
import { ProgressBar } from '../terminal/progress.js';
import { humanBytes, plural } from '../terminal/style.js';
import { type Arguments, byteCount, type Option, wholeNumber } from './command.js';

/** File names have five digits for the number of shards. */
const MOST_SHARDS = 99_999;

export const WRITING_OPTIONS: Readonly<Record<string, Option>> = {
  shards: { type: 'string', value: 'N', help: 'lay the tensors out in N data files (never cuts a tensor)' },
  'max-bytes': {
    type: 'string',
    value: 'N',
    help: 'start a new data file before N bytes: 1048576, 64M, 2G (powers of 1024)',
  },
  'no-overwrite': { type: 'boolean', help: 'fail if DST exists already (else it is replaced atomically)' },
};

/** @throws UsageError */
export function writerOptions(args: Arguments): WriterOptions {
  const shards = wholeNumber(args, 'shards', 1, MOST_SHARDS);
  const maxBytes = byteCount(args, 'max-bytes');
  if (shards !== undefined && maxBytes !== undefined)
    throw new UsageError('--shards and --max-bytes exclude each other');
  const options: WriterOptions = {};
  if (shards !== undefined) options.shards = shards;
  if (maxBytes !== undefined) options.shards = { maxBytes };
  if (args.flag('no-overwrite')) options.overwrite = 'error';
  return options;
}

/** Runs a save with a progress bar, lets Ctrl-C stop it, prints its result, and resolves to the exit code. */
export async function runSave(
  said: { doing: string; done: string; wanted?: () => Promise<number | undefined> },
  args: Arguments,
  output: Output,
  save: (watch: { signal: AbortSignal; onProgress: (progress: Progress) => void }) => Promise<SaveResult>,
): Promise<number> {
  const bar = new ProgressBar(output, said.doing);
  const started = performance.now();
  const result = await interruptible(signal => save({ signal, onProgress: bar.update })).finally(() => bar.clear());
  if (args.json) {
    output.json(result);
    return EXIT.ok;
  }
  const seconds = (performance.now() - started) / 1000;
  const files = plural(result.shards, 'shard');
  const wanted = (await said.wanted?.()) ?? result.shards;
  const why = result.shards < wanted ? 'each has a tensor, and an' : 'an';
  const other = ` instead of ${wanted}: ${why} overwrite has another number than what it replaced`;
  const size =
    `${plural(result.tensors, 'tensor')}, ${humanBytes(result.bytesWritten)}, ` +
    `${files}${wanted === result.shards ? '' : other}`;
  output.write(
    `${output.style.good(said.done)} ${visible(result.prefix)}  ` +
      `${output.style.dim(`${size}, ${seconds.toFixed(2)} s`)}\n`,
  );
  return EXIT.ok;
}
