/**
 * Step `prebuild`: the prebuilt addon for this machine, as in the package, and several versions of Node to run it with.
 * The tests of the package use this binary, not the one that step `addon` makes.
 */
import { compile, isCompiled } from '../prebuild/compile.mjs';
import { installNodes, nodesOf } from '../prebuild/nodes.mjs';
import { hostTarget, TARGETS } from '../prebuild/targets.mjs';
import { installZig } from '../prebuild/zig.mjs';

/** `target` is undefined on a platform for which the package has no binary. npm has Node only for glibc. */
function host() {
  const target = TARGETS.find(({ name }) => name === hostTarget());
  return { target, hasNodes: target?.name.endsWith('-glibc') ?? false };
}

/** @type {import('./step.mjs').Step} */
export const prebuild = {
  name: 'prebuild',
  what: 'the prebuilt addon of this machine (zig); Node 20, 22 and 24',
  beside: true,

  isDone({ root }) {
    const { target, hasNodes } = host();
    if (target === undefined) return true;
    return isCompiled(root, target) && (!hasNodes || nodesOf(root, process.arch).complete);
  },

  async run(context) {
    const { target, hasNodes } = host();
    await installZig(context);
    await compile(context, target);
    if (hasNodes) await installNodes(context, process.arch);
  },
};
