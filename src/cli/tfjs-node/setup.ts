/**
 * Makes an installed @tensorflow/tfjs-node work: its binding is compiled from the sources in its package against the
 * libraries of the TensorFlow that pip installed, instead of a download that is refused (tensorflow/tfjs issue 8742).
 */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { TensorBundleError } from '../../errors.js';
import { compileBinding, requireCompiler } from './compiling.js';
import { type TfjsNode, trialOf } from './place.js';
import { type Facts, Replacement } from './record.js';
import { filesWithRemovedFunctions, withoutRemovedFunctions } from './removed-functions.js';
import { LIBRARIES, type TensorFlow } from './tensorflow.js';

/**
 * 'ready': it works already. 'mend': only calls of removed functions must be replaced. 'build': the binding must be
 * compiled.
 */
type Need = 'ready' | 'mend' | 'build';

interface SetupPlan {
  need: Need;
  /** A description of each step, for people. */
  steps: string[];
}

const BINDING = ['deps', 'lib', 'build-tmp-napi-v8'];

function factsOf(tfjs: TfjsNode, tensorflow: TensorFlow): Facts {
  const { version, lib } = tensorflow;
  return { tfjsNode: tfjs.version, tensorflow: version, lib, platform: `${process.platform}-${process.arch}` };
}

function isSame(found: Facts | null, wanted: Facts): boolean {
  return found === null || Object.entries(wanted).every(([name, value]) => found[name] === value);
}

const SAY = {
  link: (tfjs: TfjsNode, { version, lib }: TensorFlow): string =>
    `link TensorFlow ${version} of ${lib} into ${join(tfjs.home, 'deps')}`,
  mend: (paths: readonly string[]): string =>
    `replace calls of functions that Node 23 removed, in ${paths.join(' and ')}`,
  compile: (tfjs: TfjsNode): string =>
    `compile the binding of tfjs-node ${tfjs.version} into ${join(tfjs.home, 'lib')} (about a minute)`,
  trial: 'try it',
} as const;

/** Plans the set-up and changes nothing. Takes seconds, since it tries tfjs-node. */
export async function planSetup(tfjs: TfjsNode, tensorflow: TensorFlow): Promise<SetupPlan> {
  const mends = filesWithRemovedFunctions(tfjs.home);
  const mending = mends.length > 0 ? [SAY.mend(mends)] : [];
  const { facts } = new Replacement(tfjs.home);
  if (isSame(facts, factsOf(tfjs, tensorflow))) {
    if ((await trialOf(tfjs)) === null) return { need: 'ready', steps: [] };
    if (facts === null && mends.length > 0 && (await trialOf(tfjs, true)) === null)
      return { need: 'mend', steps: [...mending, SAY.trial] };
  }
  return { need: 'build', steps: [SAY.link(tfjs, tensorflow), ...mending, SAY.compile(tfjs), SAY.trial] };
}

/**
 * Carries the plan out, and calls `note` with each step. If a step fails, everything is brought back.
 * @throws TensorBundleError ERR_NOT_SUPPORTED without a compiler, ERR_NATIVE_ADDON if it does not compile or does not
 * work.
 */
export async function carryOut(
  tfjs: TfjsNode,
  tensorflow: TensorFlow,
  need: Need,
  note: (text: string) => void,
): Promise<void> {
  if (need === 'ready') return;
  if (need === 'build') await requireCompiler();
  const replacement = new Replacement(tfjs.home);
  // Undoes an earlier set-up that no longer fits or was not finished, so that the original files are set aside now.
  replacement.undo();
  const mends = filesWithRemovedFunctions(tfjs.home);
  replacement.begin([...(need === 'build' ? BINDING : []), ...mends], factsOf(tfjs, tensorflow));
  try {
    if (need === 'build') {
      note(SAY.link(tfjs, tensorflow));
      linkTensorFlow(tfjs, tensorflow);
    }
    if (mends.length > 0) note(SAY.mend(mends));
    for (const path of mends) writeFileSync(join(tfjs.home, path), withoutRemovedFunctions(replacement.original(path)));
    if (need === 'build') {
      note(SAY.compile(tfjs));
      await compileBinding(tfjs, tensorflow, preGyp(tfjs));
      rmSync(join(tfjs.home, 'build-tmp-napi-v8'), { recursive: true, force: true });
    }
    note(SAY.trial);
    const problem = await trialOf(tfjs);
    if (problem !== null)
      throw new TensorBundleError(
        'ERR_NATIVE_ADDON',
        `tfjs-node was set up but does not work (${problem}); the old files were brought back`,
        { path: tfjs.home },
      );
  } catch (error) {
    replacement.undo();
    throw error;
  }
}

/** Makes the folder that the archive, which can no longer be downloaded, would have unpacked. */
function linkTensorFlow({ home }: TfjsNode, { lib, include }: TensorFlow): void {
  const deps = join(home, 'deps');
  mkdirSync(join(deps, 'lib'), { recursive: true });
  symlinkSync(include, join(deps, 'include'));
  for (const [source, names] of Object.entries(LIBRARIES)) {
    for (const name of names) symlinkSync(join(lib, source), join(deps, 'lib', name));
  }
}

/** The build tool that tfjs-node depends on. At run time it also decides where the binding is looked for. */
function preGyp({ home }: TfjsNode): string {
  return createRequire(join(home, 'package.json')).resolve('@mapbox/node-pre-gyp/bin/node-pre-gyp');
}

/** Returns the paths that were brought back; empty if nothing was set up. */
export function undoSetup({ home }: TfjsNode): string[] {
  return new Replacement(home).undo();
}
