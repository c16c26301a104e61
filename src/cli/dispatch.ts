/**
 * Finds the command, parses its arguments, runs it, and turns whatever it throws into text (or JSON) and an exit code.
 */
import { createRequire } from 'node:module';
import { buildAddon } from './commands/build-addon.js';
import { type Command, parseCommandLine } from './commands/command.js';
import { copy } from './commands/copy.js';
import { latest } from './commands/latest.js';
import { ls } from './commands/ls.js';
import { merge } from './commands/merge.js';
import { savedModelShow } from './commands/saved-model-show.js';
import { setupTfjsNode } from './commands/setup-tfjs-node.js';
import { show } from './commands/show.js';
import { verify } from './commands/verify.js';
import { helpOfCommand, helpOfProgram } from './help.js';
import { describeError, EXIT, exitCodeOf, jsonOfError, UsageError } from './terminal/failure.js';
import type { Output } from './terminal/output.js';

export const COMMANDS: readonly Command[] = [
  ls,
  show,
  verify,
  copy,
  merge,
  latest,
  savedModelShow,
  buildAddon,
  setupTfjsNode,
];

function find(name: string): Command {
  const command = COMMANDS.find(candidate => candidate.name === name);
  if (command) return command;
  throw new UsageError(`unknown command '${name}'; the commands are ${COMMANDS.map(c => c.name).join(', ')}`);
}

function version(): string {
  const card = createRequire(import.meta.url)('tensorbundle/package.json') as { version: string };
  return card.version;
}

async function execute(argv: readonly string[], output: Output): Promise<number> {
  const [first, ...rest] = argv;
  if (first === undefined) {
    output.error(helpOfProgram(COMMANDS, output.errorStyle));
    return EXIT.usage;
  }
  if (first === '--help' || first === '-h' || (first === 'help' && rest.length === 0)) {
    output.write(helpOfProgram(COMMANDS, output.style));
    return EXIT.ok;
  }
  if (first === '--version' || first === '-V') {
    output.write(`${version()}\n`);
    return EXIT.ok;
  }
  if (first === 'help') {
    output.write(helpOfCommand(find(rest[0]!), output.style));
    return EXIT.ok;
  }
  // `tensorbundle --json ls PATH` reads naturally enough to be accepted.
  const command = find(first === '--json' && rest[0] !== undefined ? rest[0] : first);
  const args = parseCommandLine(command, first === '--json' ? [...rest.slice(1), '--json'] : rest);
  if (args.help) {
    output.write(helpOfCommand(command, output.style));
    return EXIT.ok;
  }
  return command.run(args, output);
}

/** Whether the caller asked for JSON. Decided without parsing, since a usage error is reported as JSON too. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end < 0 ? argv : argv.slice(0, end)).includes('--json');
}

/** Runs one command line (without `node` and the script). Never rejects; resolves to the exit code. */
export async function dispatch(argv: readonly string[], output: Output): Promise<number> {
  try {
    return await execute(argv, output);
  } catch (error) {
    if (wantsJson(argv)) output.json({ error: jsonOfError(error) });
    else output.error(describeError(error, output.errorStyle));
    return exitCodeOf(error);
  }
}
