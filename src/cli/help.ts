/** The help texts, made from the commands themselves so that they cannot drift apart. */
import { COMMON_OPTIONS, type Command, type Option } from './commands/command.js';
import { columns, type Style } from './terminal/style.js';

const EXIT_CODES = `  0  all is well
  1  a finding: damage, or what was asked for does not exist
  2  the command line is wrong
  3  an input or output failed, or the file is not a checkpoint`;

const EXAMPLES: readonly (readonly [string, string])[] = [
  ['ls model/ckpt-7', 'what is in a checkpoint'],
  ['verify model/ckpt-*.index', 'every checksum and structural rule of many checkpoints'],
  ['latest --valid model', 'the newest checkpoint in a directory that is whole'],
  ['copy --max-bytes 1G model/ckpt-7 sharded/ckpt', 'cut into files of at most 1 GiB'],
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

A PATH is a checkpoint's prefix, its .index or one of its .data- files, or a directory: then it means the directory's
SavedModel variables if there are any, else its latest checkpoint. DIR/ is the prefix 'DIR/' if there is a file
DIR/.index, else the directory. A path is local; a file:// URL is taken too.

${style.bold('Options of every command')}
${optionLines({ ...COMMON_OPTIONS, version: { type: 'boolean', short: 'V', help: 'show the version (without a command)' } })}

${style.bold('Examples')}
${exampleLines(EXAMPLES, style)}

${style.bold('Exit codes')}
${EXIT_CODES}

Colour is used on a terminal only; NO_COLOR and FORCE_COLOR are respected. Of names and texts, what a terminal would obey
or hide (control and format characters, odd spaces) is shown as its code, as in \\u001b or \\u{e0041}; in JSON as JSON has it.
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
