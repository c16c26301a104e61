/** The versions of Node that run the prebuilt addons here. */
import { foreignNodes } from '../../../tools/prebuild/foreign.mjs';
import { nodesOf } from '../../../tools/prebuild/nodes.mjs';
import { hostTarget } from '../../../tools/prebuild/targets.mjs';
import { isLong } from '../../depth.js';
import { CHECKOUT } from '../pack.js';
import type { NodeUnderTest } from './live.js';

/** Node 20, 22 and 24 on Linux with glibc, where npm has them; elsewhere the one that runs this. */
export function hostNodes(): NodeUnderTest[] {
  if (!hostTarget()?.endsWith('-glibc')) {
    return [{ version: process.versions.node, command: [process.execPath], env: {} }];
  }
  const { nodes, complete } = nodesOf(CHECKOUT, process.arch);
  if (!complete) throw new Error('there is no Node to test with: run `node tools/setup.mjs --only=prebuild`');
  return nodes.map(({ version, file }) => ({ version, command: [file], env: {} }));
}

/** The oldest and the newest of them, in the longest run all. */
export function outermostNodes(): NodeUnderTest[] {
  const nodes = hostNodes();
  return isLong ? nodes : nodes.filter((_, i) => i === 0 || i === nodes.length - 1);
}

/** For a target of another C library or processor, through a loader or an emulator. */
export function nodesFor(target: string): NodeUnderTest[] {
  return foreignNodes(CHECKOUT, target);
}
