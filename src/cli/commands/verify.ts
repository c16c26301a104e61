/** `tensorbundle verify`: checks every checksum and structural rule of checkpoints. */
import type { VerifyReport } from '../../index.js';
import { describeError, EXIT, exitCodeOf, jsonOfError } from '../terminal/failure.js';
import { interruptible } from '../terminal/interrupt.js';
import type { Output } from '../terminal/output.js';
import { visible } from '../terminal/printable.js';
import { ProgressBar } from '../terminal/progress.js';
import { humanBytes, plural, type Style } from '../terminal/style.js';
import type { Arguments, Command } from './command.js';

async function check(path: string, output: Output, signal: AbortSignal): Promise<VerifyReport> {
  const { verifyCheckpoint } = await import('../../index.js');
  const bar = new ProgressBar(output, 'verify');
  return verifyCheckpoint(path, { signal, onProgress: bar.update }).finally(() => bar.clear());
}

function describe(report: VerifyReport, style: Style): string {
  const size = `${plural(report.tensors, 'tensor')}, ${humanBytes(report.bytes)}`;
  const loose = report.unreferencedBytes > 0 ? `, ${humanBytes(report.unreferencedBytes)} belong to no tensor` : '';
  if (report.ok) return `${style.good('ok')}       ${visible(report.prefix)}  ${style.dim(`${size}${loose}`)}\n`;
  const lines = [`${style.bad('DAMAGED')}  ${visible(report.prefix)}  ${plural(report.problems.length, 'problem')}`];
  for (const { code, file, tensor, offset, message } of report.problems) {
    const where = `${visible(file)}${offset === undefined ? '' : ` at byte ${offset}`}`;
    lines.push(`  ${style.bad(code)}  ${tensor === undefined ? where : `${style.bold(visible(tensor))}  ${where}`}`);
    lines.push(`    ${visible(message)}`);
  }
  return `${lines.join('\n')}\n`;
}

export const verify: Command = {
  name: 'verify',
  synopsis: 'PATH… [--json]',
  summary: 'check all checksums and the structure',
  description: `Reads each checkpoint completely. Checks the CRC32C of each index block and of each tensor, that
entries fit into the data files and do not overlap, and that sizes agree with dtype and shape. Each bad tensor is
printed with its file and offset. All paths are checked even if one is bad. Exit code 1: at least one checkpoint is
damaged. Exit code 3: at least one could not be looked at. With --json the output is an array of reports; if a path
could not be looked at, it is an object {error, reports}.`,
  options: {},
  examples: [
    ['verify model/ckpt-7', 'one checkpoint'],
    ['verify model/*.index', 'all checkpoints of a directory'],
    ["verify --json model/ckpt-7 | jq -r '.[].problems[].tensor'", 'the names of the bad tensors'],
  ],
  positionals: [1, Number.POSITIVE_INFINITY],
  async run(args: Arguments, output: Output): Promise<number> {
    const reports: VerifyReport[] = [];
    let failure: unknown;
    let exitCode: number = EXIT.ok;
    await interruptible(async signal => {
      for (const path of args.positionals) {
        try {
          const report = await check(path, output, signal);
          reports.push(report);
          if (!args.json) output.write(describe(report, output.style));
          if (!report.ok) exitCode = Math.max(exitCode, EXIT.finding);
        } catch (error) {
          if (signal.aborted) throw error;
          failure ??= error;
          exitCode = Math.max(exitCode, exitCodeOf(error));
          if (!args.json) output.error(describeError(error, output.errorStyle));
        }
      }
    });
    if (args.json) output.json(failure === undefined ? reports : { error: jsonOfError(failure), reports });
    return exitCode;
  },
};
