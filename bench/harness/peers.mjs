/**
 * The programs that this library is compared with. `node tools/setup.mjs --bench` installs them below .tools/peers/ and
 * writes peers.json: for each peer its command line and versions, or why it is not available here.
 *
 * A peer's program takes one argument, a request as JSON, and prints the reply as JSON on the last line of stdout.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const LIST = join(ROOT, '.tools', 'peers', 'peers.json');

/** tfjs-node needs no program of its own: it is a development dependency, and subjects/ measures it. */
export const PEERS = ['raw', 'crc', 'tensorflow', 'tfjs-node', 'safetensors', 'torch', 'tensorstore'];

export async function readPeers() {
  let text;
  try {
    text = await readFile(LIST, 'utf8');
  } catch (cause) {
    if (cause.code !== 'ENOENT') throw cause;
    throw new Error(`${LIST} is missing; run \`node tools/setup.mjs --bench\` first`, { cause });
  }
  return Object.fromEntries(JSON.parse(text).peers.map(peer => [peer.name, peer]));
}

/** For the report: name, version of everything in it, or the reason why it is not there. */
export function describePeers(peers) {
  return Object.values(peers).map(({ name, versions, unavailable }) => ({ name, versions, unavailable }));
}
