/** The help texts. They are made from the commands themselves, so that the two always agree. */
import { COMMON_OPTIONS, type Command, type Option } from './commands/command.js';
import { columns, type Style } from './terminal/style.js';

const EXIT_CODES = `  0  success
  1  damage was found, or what was asked for does not exist
  2  the command line is wrong
  3  a file could not be read or written, is not a checkpoint, or is not supported`;

const VERSION: Option = { type: 'boolean', short: 'V', help: 'show the version (without a command)' };

const EXAMPLES: readonly (readonly [string, string])[] = [
  ['ls model/ckpt-7', 'what is in a checkpoint'],
  ['verify model/ckpt-*.index', 'check many checkpoints'],
  ['latest --valid model', 'the newest checkpoint of a directory that is whole'],
  ['copy --max-bytes 1G model/ckpt-7 sharded/ckpt', 'a copy in files of at most 1 GiB'],
];

function exampleLines(examples: readonly (readonly [string, string])[], style: Style): string {
  return examples.map(([line, what]) => `  ${style.dim(`# ${what}`)}\n  tensorbundle ${line}`).join('\n');
}

function optionLines(options: Readonly<Record<string, Option>>): string {
  const rows = Object.entries(options).map(([name, option]) => {
    const value = option.type === 'string' ? ` ${option.value ?? 'VALUE'}` : '';
    return [`  ${option.short === undefined ? '   ' : `-${option.short},`} --${name}${value}`, option.help];
  });
  return columns(rows).join('\n');
}

export function helpOfProgram(commands: readonly Command[], style: Style): string {
  const rows = commands.map(command => [`  ${command.name} ${command.synopsis}`, command.summary]);
  return `tensorbundle: look at, check, copy and merge TensorFlow checkpoints, without TensorFlow.

${style.bold('Usage')}
  tensorbundle COMMAND [options] …
  tensorbundle COMMAND --help

${style.bold('Commands')}
${columns(rows).join('\n')}

A PATH is the prefix of a checkpoint, its .index file, one of its .data- files, or a directory. A directory stands for
the variables of its SavedModel if there is one, else for its latest checkpoint. DIR/ is the prefix 'DIR/' if there
is a file DIR/.index, else the directory. Paths are local; a file:// URL is understood, too.

${style.bold('Options of every command')}
${optionLines({ ...COMMON_OPTIONS, version: VERSION })}

${style.bold('Examples')}
${exampleLines(EXAMPLES, style)}

${style.bold('Exit codes')}
${EXIT_CODES}

Colour is used on a terminal only; NO_COLOR and FORCE_COLOR are respected. In names and texts, characters that a
terminal would obey or hide (control and format characters, unusual spaces) are printed as their codes, such as
\\u001b or \\u{e0041}; in JSON they are escaped as JSON does it.
`;
}

export function helpOfCommand(command: Command, style: Style): string {
  return `tensorbundle ${command.name}: ${command.summary}

${style.bold('Usage')}
  tensorbundle ${command.name} ${command.synopsis}

${command.description}

${style.bold('Options')}
${optionLines({ ...command.options, ...COMMON_OPTIONS })}

${style.bold('Examples')}
${exampleLines(command.examples, style)}

${style.bold('Exit codes')}
${EXIT_CODES}
`;
}
