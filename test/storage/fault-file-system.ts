/**
 * A directory seen through the project's FUSE file system (faultfs/faultfs.c), with faults to switch on and off. The
 * mount lives as long as the process that made it: faultfs unmounts when its standard input ends, so a killed test
 * leaves none.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { constants as system } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { Scratch } from '../crash/scratch.js';

const FOLDER = fileURLToPath(new URL('../../.tools/faultfs', import.meta.url));
const PROGRAM = join(FOLDER, 'faultfs');

export type Errno = keyof typeof system.errno;

/** Actions of a rule, as faultfs.c describes them. */
export interface Fault {
  /** The call: 'close', 'fsync', 'fsyncdir', 'write', 'option', … */
  on: string;
  /** Glob for the file's name. Default: every name. */
  name?: string;
  error?: Errno;
  /** The call is made, then says `error`. */
  after?: boolean;
  /** 'write' keeps nothing and says that it did. */
  drop?: boolean;
  short?: number;
  zero?: boolean;
  nfs4?: boolean;
  direct?: boolean;
  cache?: number;
  delay?: number;
  skip?: number;
  count?: number;
}

function lineOf({ on, name = '*', error, ...actions }: Fault): string {
  const words = Object.entries(actions).map(([word, value]) => (value === true ? word : `${word}=${value}`));
  if (error !== undefined) words.push(`error=${system.errno[error]}`);
  return `${[on, name, ...words].join(' ')}\n`;
}

/** Null where the file system can run. In CI only a system without /dev/fuse is excused. */
export function missingFuse(): string | null {
  if (!existsSync('/dev/fuse')) return 'there is no /dev/fuse';
  if (process.env.CI) return null;
  if (!existsSync(PROGRAM)) {
    const reason = join(FOLDER, 'unavailable');
    return existsSync(reason) ? readFileSync(reason, 'utf8').trim() : 'run `node tools/setup.mjs --only=faultfs`';
  }
  if (process.getuid?.() === 0 || existsSync('/usr/bin/fusermount3')) return null;
  return 'mounting FUSE needs root, or fusermount3 of the package fuse3';
}

export class FaultFileSystem {
  /** Where programs see the files. */
  readonly mount: string;
  /** Where the files are: looking here meets no fault. */
  readonly backing: string;
  readonly #control: string;
  readonly #log: string;
  #process: ChildProcess | null = null;

  constructor(folder: string) {
    this.mount = join(folder, 'mount');
    this.backing = join(folder, 'backing');
    this.#control = join(folder, 'control');
    this.#log = join(folder, 'log');
    for (const path of [this.mount, this.backing]) mkdirSync(path);
  }

  async start(locks: 'own' | 'kernel'): Promise<void> {
    const args = [this.backing, this.mount, this.#control, this.#log];
    accessSync(PROGRAM, constants.X_OK);
    const child = spawn(PROGRAM, locks === 'kernel' ? [...args, 'kernel-locks'] : args, {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#process = child;
    await new Promise<void>((done, fail) => {
      let text = '';
      child.stderr!.on('data', (bytes: Buffer) => {
        text += bytes;
      });
      child.stdout!.once('data', () => done());
      child.once('error', fail);
      child.once('exit', code => fail(new Error(`faultfs ended with ${code}: ${text}`)));
    });
  }

  /** Unmounts, whatever is open. */
  async stop(): Promise<void> {
    const child = this.#process;
    if (child === null) return;
    this.#process = null;
    const gone = new Promise(done => child.once('exit', done));
    child.stdin!.end();
    await gone;
  }

  /** These faults from now on, and no others. None: a sound file system. */
  set(...faults: Fault[]): void {
    const fresh = `${this.#control}.new`;
    writeFileSync(fresh, faults.map(lineOf).join(''));
    renameSync(fresh, this.#control);
    writeFileSync(this.#log, '');
  }

  /** Calls that met a fault since `set`: 'close m.index'. */
  hits(): string[] {
    return readFileSync(this.#log, 'utf8').split('\n').filter(Boolean);
  }
}

/** One mount for a test file, and a new directory in it for each test. */
export class FaultLab {
  readonly #scratch = new Scratch('faultfs');
  readonly fs = new FaultFileSystem(this.#scratch.path);
  #count = 0;

  constructor(locks: 'own' | 'kernel' = 'own') {
    const reason = missingFuse();
    beforeAll(async () => {
      if (reason === null) await this.fs.start(locks);
    });
    beforeEach(({ skip }) => {
      if (reason !== null) skip(reason);
      this.fs.set();
    });
    afterAll(() => this.fs.stop());
  }

  /** A new directory: as a program sees it, and as it is. */
  directory(): { seen: string; real: string } {
    const name = `d${this.#count++}`;
    mkdirSync(join(this.fs.backing, name));
    return { seen: join(this.fs.mount, name), real: join(this.fs.backing, name) };
  }
}
