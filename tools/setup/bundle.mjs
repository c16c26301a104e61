/**
 * Joins the compiled files into few: Node takes about half a millisecond for each file that it loads. Every entry of
 * the package stays a file, with its own name; what entries share lies in further files beside them, so that each class
 * exists once.
 */
import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What others import or run: package.json names the first six, tools and tests the others. */
const ENTRIES = [
  'index',
  'tfjs',
  'optimizers',
  'savedmodel',
  'register',
  'cli/main',
  'binding',
  'cli/dispatch',
  'cli/help',
];

/**
 * What is shared by entries that must not load the addon: tensorbundle/optimizers, and the program before it runs a
 * command.
 */
const PLAIN = /\/(errors|realms|options|disposal|format\/dtypes|format\/shape|format\/utf8-order|bundle\/damage)\.js$/;
/** The rest of what `import 'tensorbundle'` loads. */
const CORE = /\/(addon|binding|(format|storage|commit|bundle)\/[^/]+)\.js$/;

/**
 * The entries whose sources are in a folder, as files of dist/.
 *
 * @param {string} folder
 * @param {string} ending That of the sources.
 */
export function entriesOf(folder, ending) {
  return ENTRIES.filter(name => existsSync(join(folder, name + ending))).map(name => `${name}.js`);
}

/** Runs before @bufbuild/protobuf does, whose imports a file of several modules would have at its top. */
const FIRST = /\/graph\/stored\/text-encoding\.js$/;

/** @param {string} folder The output of the compiler. Its declarations stay. */
export async function bundle(folder) {
  const { rolldown } = await import('rolldown');
  const build = await rolldown({
    input: Object.fromEntries(entriesOf(folder, '.js').map(file => [file.slice(0, -3), join(folder, file)])),
    // Of this package only its own files are joined.
    external: id => !/^[./]/.test(id),
    platform: 'node',
    logLevel: 'warn',
    // No comments with paths of this machine.
    experimental: { attachDebugInfo: 'none' },
  });
  const { output } = await build.generate({
    format: 'esm',
    // In the folder itself: the addon is found from there (src/addon.ts).
    chunkFileNames: 'shared-[name].js',
    codeSplitting: {
      groups: [
        { name: 'encoding', test: FIRST, priority: 2 },
        { name: 'plain', test: PLAIN, priority: 3 },
        { name: 'core', test: CORE, priority: 1 },
      ],
    },
    minify: false,
    // They are in the declarations and in src/, and Node would read them at each start.
    comments: false,
  });
  await build.close();
  removeScripts(folder);
  for (const file of output) {
    if (file.type !== 'chunk') throw new Error(`the bundler made ${file.fileName}`);
    mkdirSync(join(folder, file.fileName, '..'), { recursive: true });
    writeFileSync(join(folder, file.fileName), file.code);
  }
}

/** @param {string} folder */
function removeScripts(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) removeScripts(path);
    else if (entry.name.endsWith('.js')) rmSync(path);
  }
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}
