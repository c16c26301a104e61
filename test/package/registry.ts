/**
 * A registry of its own on the loopback, for one test file: verdaccio, with what is published to it and nothing else.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { managersHome } from '../../tools/setup/managers.mjs';
import { hostNodes } from './lives/nodes.js';
import { CHECKOUT, run } from './pack.js';

export interface Registry {
  url: string;
  /** `npm publish` of a folder or of a tarball; no script is run. */
  publish(what: string): void;
  /** What the registry tells package managers about the newest version. */
  metadata(name: string): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

/** A tool of .tools/managers. */
export function managerFile(...path: string[]): string {
  return join(managersHome(CHECKOUT), 'node_modules', ...path);
}

/** The newest of the tested versions; some of these tools want it. */
export function newestNode(): string {
  return hostNodes().at(-1)!.command.at(-1)!;
}

/** By a connection of its own: what `fetch` keeps open, the registry closes while a program is waited for. */
async function textOf(url: string): Promise<string> {
  const [response] = (await once(get(url, { agent: false }), 'response')) as [IncomingMessage];
  return await text(response);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

const CONFIGURATION = `
storage: ./storage
max_body_size: 100mb
web: { enable: false }
auth: { htpasswd: { file: ./htpasswd } }
uplinks: {}
packages: { '**': { access: $all, publish: $all } }
log: { type: stdout, format: pretty, level: error }
`;

/** Everything lies below `work`. */
export async function startRegistry(work: string): Promise<Registry> {
  const folder = join(work, 'registry');
  mkdirSync(folder);
  writeFileSync(join(folder, 'config.yaml'), CONFIGURATION);
  const address = `127.0.0.1:${await freePort()}`;
  const url = `http://${address}/`;
  const args = [managerFile('verdaccio', 'bin', 'verdaccio'), '--config', 'config.yaml', '--listen', address];
  const child = spawn(newestNode(), args, { cwd: folder, stdio: 'ignore' });
  const ended = once(child, 'exit');
  for (let i = 0; ; i++) {
    if (
      await fetch(`${url}-/ping`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      break;
    if (i === 300 || child.exitCode !== null) throw new Error('verdaccio does not answer');
    await sleep(100);
  }
  // npm wants to be somebody before it publishes; this registry takes anybody.
  writeFileSync(join(folder, '.npmrc'), `registry=${url}\n//${address}/:_authToken=anybody\n`);
  return {
    url,
    publish: what => {
      run('npm', ['publish', '--ignore-scripts', what], { cwd: folder });
    },
    metadata: async name => {
      const document = JSON.parse(await textOf(url + name)) as {
        'dist-tags': { latest: string };
        versions: Record<string, Record<string, unknown>>;
      };
      return document.versions[document['dist-tags'].latest]!;
    },
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}
