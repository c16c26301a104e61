/**
 * The manager against TensorFlow's real one: seeded random commands to both, each in a directory of its own and
 * sometimes both in one, one after the other. After every command the answers, the `checkpoint` file and the names of
 * all files agree.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { removeCheckpoint } from '../../../src/index.js';
import { Checkpoint, CheckpointManager } from '../../../src/tfjs.js';
import { isDeep } from '../../depth.js';
import { Choices } from '../../layers/random-numbers.js';
import { PythonProcess } from '../../oracle/python.js';

const START = 1_700_000_000;

interface Options {
  maxToKeep: number | null;
  keepCheckpointEveryNHours?: number;
  checkpointInterval?: number;
  checkpointName?: string;
}

interface Answer {
  result: string | null;
  latest: string | null;
  checkpoints: string[];
  counter: number;
  value: number;
}

type Command =
  | { kind: 'start'; options: Options; restore: boolean }
  | { kind: 'save'; value: number; step: number; number?: number; check?: boolean }
  | { kind: 'restore' };

class PythonManager {
  readonly #child = new PythonProcess('test/training/manager/manager.py');
  readonly #lines: AsyncIterator<string>;
  readonly #interface: Interface;

  constructor() {
    this.#child.stderr.pipe(process.stderr);
    this.#interface = createInterface({ input: this.#child.stdout });
    this.#lines = this.#interface[Symbol.asyncIterator]();
  }

  async run(command: Command, directory: string, clock: number): Promise<Answer> {
    const { options, ...rest } = command as Command & { options?: Options };
    const pythonic =
      options &&
      Object.fromEntries(
        Object.entries(options).map(([name, value]) => [
          name === 'keepCheckpointEveryNHours'
            ? 'keep_checkpoint_every_n_hours'
            : name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`),
          value,
        ]),
      );
    this.#child.stdin.write(`${JSON.stringify({ ...rest, directory, clock, options: pythonic })}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('Python ended');
    return JSON.parse(value as string) as Answer;
  }

  end(): void {
    this.#child.stdin.end();
    this.#interface.close();
  }
}

class NodeManager {
  #variable: tf.Variable | undefined;
  #step = 0;
  #checkpoint: Checkpoint | undefined;
  #manager: CheckpointManager | undefined;

  async run(command: Command, directory: string): Promise<Answer> {
    let result: string | null = null;
    if (command.kind === 'start') {
      this.#variable?.dispose();
      this.#variable = tf.tidy(() => tf.variable(tf.scalar(0)));
      this.#checkpoint = new Checkpoint({ v: this.#variable });
      this.#step = 0;
      const stepCounter = command.options.checkpointInterval === undefined ? {} : { stepCounter: () => this.#step };
      this.#manager = new CheckpointManager(this.#checkpoint, directory, { ...command.options, ...stepCounter });
      if (command.restore) result = await this.#manager.restoreOrInitialize();
    } else if (command.kind === 'save') {
      tf.tidy(() => this.#variable!.assign(tf.scalar(command.value)));
      this.#step = command.step;
      result = await this.#manager!.save({
        ...(command.number === undefined ? {} : { checkpointNumber: command.number }),
        checkInterval: command.check ?? true,
      });
    } else result = await this.#manager!.restoreOrInitialize();
    const short = (path: string | null): string | null => path && relative(directory, path);
    return {
      result: short(result),
      latest: short(this.#manager!.latestCheckpoint),
      checkpoints: this.#manager!.checkpoints.map(path => relative(directory, path)),
      counter: this.#checkpoint!.saveCounter,
      value: this.#variable!.dataSync()[0]!,
    };
  }
}

function filesIn(directory: string): string[] {
  return readdirSync(directory).sort();
}

/** Without the total of data files, which an overwrite changes here and not in TensorFlow. */
function checkpointsIn(directory: string): string[] {
  return [...new Set(filesIn(directory).map(name => name.replace(/\.data-.*$/, '.data')))];
}

function stateIn(directory: string): string {
  return filesIn(directory).includes('checkpoint') ? readFileSync(join(directory, 'checkpoint'), 'utf8') : '';
}

let scratch: string;
let python: PythonManager;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'tensorbundle-manager-'));
  python = new PythonManager();
});
afterAll(() => {
  python.end();
  rmSync(scratch, { recursive: true, force: true });
});
afterEach(() => vi.useRealTimers());

function randomOptions(random: Choices): Options {
  return {
    maxToKeep: random.one([null, 1, 2, 3, 5]),
    ...(random.chance(0.4) ? { keepCheckpointEveryNHours: random.one([0.5, 1, 2]) } : {}),
    ...(random.chance(0.3) ? { checkpointInterval: random.one([1, 3]) } : {}),
    ...(random.chance(0.2) ? { checkpointName: 'model' } : {}),
  };
}

describe('random commands', () => {
  it.each(Array.from({ length: isDeep ? 40 : 8 }, (_, seed) => seed))('seed %i', async seed => {
    const random = new Choices(seed);
    const directories = { node: join(scratch, `${seed}-node`), python: join(scratch, `${seed}-python`) };
    for (const directory of Object.values(directories)) mkdirSync(directory);
    vi.useFakeTimers({ toFake: ['Date'] });
    const node = new NodeManager();
    let clock = START;
    let step = 0;
    let options = randomOptions(random);
    const both = async (command: Command): Promise<void> => {
      vi.setSystemTime(clock * 1000);
      const [ours, theirs] = [
        await node.run(command, directories.node),
        await python.run(command, directories.python, clock),
      ];
      expect(ours, JSON.stringify(command)).toEqual(theirs);
      expect(stateIn(directories.node)).toBe(stateIn(directories.python));
      expect(checkpointsIn(directories.node)).toEqual(checkpointsIn(directories.python));
    };
    await both({ kind: 'start', options, restore: random.chance(0.5) });
    for (let i = 0; i < 25; i++) {
      const what = random.whole(0, 999) / 1000;
      // Time mostly goes on, and sometimes back, as clocks do.
      clock += random.chance(0.1) ? -random.whole(1, 4000) : random.whole(0, 4000);
      if (what < 0.65) {
        step += random.whole(0, 3);
        const number = random.chance(0.1) ? random.whole(1, 12) : undefined;
        const check = !random.chance(0.2);
        await both({ kind: 'save', value: i + 1, step, check, ...(number === undefined ? {} : { number }) });
      } else if (what < 0.8) {
        // A restart, perhaps with other options.
        if (random.chance(0.5))
          options = { ...randomOptions(random), checkpointName: options.checkpointName ?? 'ckpt' };
        await both({ kind: 'start', options, restore: true });
      } else if (what < 0.9) {
        // Each takes over what the other has made.
        rmSync(directories.node, { recursive: true });
        cpSync(directories.python, directories.node, { recursive: true });
        await both({ kind: 'start', options, restore: true });
      } else if (what < 0.95) {
        rmSync(directories.python, { recursive: true });
        cpSync(directories.node, directories.python, { recursive: true });
        await both({ kind: 'start', options, restore: true });
      } else {
        // Somebody removes the oldest by hand.
        const [oldest] = filesIn(directories.node).flatMap(name =>
          name.endsWith('.index') ? [name.slice(0, -6)] : [],
        );
        const latest = /model_checkpoint_path: "(.*)"/.exec(stateIn(directories.node))?.[1];
        if (oldest === undefined || oldest === latest) continue;
        for (const directory of Object.values(directories)) await removeCheckpoint(join(directory, oldest));
      }
    }
  });
});
