/** `tensorbundle build-addon`: compiles the native addon if no prebuilt one fits. */
import { createRequire } from 'node:module';
import { pathToFileURL, URL } from 'node:url';
import { TensorBundleError } from '../../errors.js';
import { EXIT } from '../terminal/failure.js';
import type { Output } from '../terminal/output.js';
import { visible, visibleLines } from '../terminal/printable.js';
import type { Arguments, Command } from './command.js';

/** The exports of native/install.mjs, which also works without dist/. */
interface Installer {
  installAddon(options: { rebuild: boolean; note(text: string): void }): { addon: string; compiled: boolean };
}

/** Found from the package's own card: in dist/ this code lies in another folder than in src/. */
async function loadInstaller(): Promise<Installer> {
  const card = createRequire(import.meta.url).resolve('tensorbundle/package.json');
  return (await import(new URL('native/install.mjs', pathToFileURL(card)).href)) as Installer;
}

export const buildAddon: Command = {
  name: 'build-addon',
  synopsis: '[--rebuild] [--json]',
  summary: 'compile the native addon if no prebuilt one fits',
  description: `The package brings binaries for Linux (glibc and musl) and macOS, x64 and arm64. On any other
machine, run this command once. It compiles the addon, which takes about a minute and needs Python 3, make and a C++17
compiler. npm fetches the headers of node-addon-api if the project does not have them. The result is put into the
package, as build/Release/tensorbundle.node. If an addon can be loaded already, the command does nothing.`,
  options: {
    rebuild: { type: 'boolean', help: 'compile even if an addon can be loaded already' },
  },
  examples: [
    ['build-addon', 'compile the addon if it is needed'],
    ['build-addon --rebuild', 'an addon made for exactly this processor and C library'],
  ],
  positionals: [0, 0],
  async run(args: Arguments, output: Output): Promise<number> {
    const { installAddon } = await loadInstaller();
    const note = (text: string): void => output.error(`${visible(text)}\n`);
    const result = attempt(
      () => installAddon({ rebuild: args.flag('rebuild'), note }),
      printed => {
        if (!args.json) output.error(`${visibleLines(printed)}\n`);
      },
    );
    if (args.json) output.json(result);
    else if (result.compiled) output.write(`compiled ${visible(result.addon)}\n`);
    else output.write(`nothing to do: ${visible(result.addon)} loads\n`);
    return EXIT.ok;
  },
};

/** If the compiler fails, `onOutput` gets what it printed. */
function attempt<T>(action: () => T, onOutput: (printed: string) => void): T {
  try {
    return action();
  } catch (cause) {
    const { message, output } = cause as Error & { output?: string };
    if (output) onOutput(output);
    throw new TensorBundleError('ERR_NATIVE_ADDON', message, { cause });
  }
}
