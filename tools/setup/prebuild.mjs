/**
 * Step `prebuild`: the addon of this machine as the package brings it, and several versions of Node to run it with. The tests
 * of the package are about this binary, not about the one that step `addon` makes.
 */
import { compile, isCompiled } from '../prebuild/compile.mjs';
import { installNodes, nodesOf } from '../prebuild/nodes.mjs';
import { hostTarget, TARGETS } from '../prebuild/targets.mjs';
import { installZig } from '../prebuild/zig.mjs';

/** Nothing on a platform for which the package has no binary. */
const host = TARGETS.find(target => target.name === hostTarget());
const hasNodes = host?.name.endsWith('-glibc') ?? false;

/** @type {import('./step.mjs').Step} */
export const prebuild = {
  name: 'prebuild',
  what: 'the prebuilt addon of this machine (zig); Node 20, 22 and 24',

  isDone({ root }) {
    if (host === undefined) return true;
    return isCompiled(root, host) && (!hasNodes || nodesOf(root, process.arch).complete);
  },

  async run(context) {
    await installZig(context);
    await compile(context, host);
    if (hasNodes) await installNodes(context, process.arch);
  },
};
