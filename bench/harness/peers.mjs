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
const OWN = 'tfjs-node';

export const PEERS = ['raw', 'crc', 'tensorflow', 'keras', 'keras-files', OWN, 'safetensors', 'torch', 'tensorstore'];

/** Without the list no peer is available: then only what needs none is measured. */
export async function readPeers() {
  const unavailable = 'it was not set up: run `node tools/setup.mjs --bench`';
  const found = await readFile(LIST, 'utf8').catch(error => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  const missing = PEERS.filter(name => name !== OWN).map(name => ({ name, unavailable }));
  const { peers } = found === undefined ? { peers: missing } : JSON.parse(found);
  return Object.fromEntries(peers.map(peer => [peer.name, peer]));
}

/** For the report: name, version of everything in it, or the reason why it is not there. */
export function describePeers(peers) {
  return Object.values(peers).map(({ name, versions, unavailable }) => ({ name, versions, unavailable }));
}
