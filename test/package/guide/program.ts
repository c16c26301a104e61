/**
 * All blocks of one language as one program, as a reader would type them into one file, run by one process that stops
 * before each block until it is told to go on.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { PythonProcess } from '../../oracle/python.js';
import type { Block, Language } from './page.js';

const HERE = fileURLToPath(new URL('.', import.meta.url));
/** What turn.mjs and turn.py print. */
const SEPARATOR = '\u001e\n';

/** A running page. */
interface Running {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  kill(): unknown;
  /** With its exit code, or what ended it, once all that it wrote was read. */
  readonly ended: Promise<unknown>;
}

interface Runtime {
  start(file: string, cwd: string, env: Record<string, string>): Running;
  readonly file: string;
  readonly preamble: string;
  readonly pause: string;
}

const RUNTIMES: Readonly<Record<Language, Runtime>> = {
  js: {
    start(file, cwd, env) {
      const child = spawn(process.execPath, [file], { cwd, stdio: 'pipe', env: { ...process.env, ...env } });
      const { stdin, stdout, stderr } = child;
      const ended = once(child, 'close').then(([code, signal]) => code ?? signal);
      return { stdin, stdout, stderr, kill: () => child.kill(), ended };
    },
    file: 'page.mjs',
    preamble: `import { turn } from ${JSON.stringify(join(HERE, 'turn.mjs'))};\n`,
    pause: 'await turn();\n',
  },
  python: {
    start(file, cwd, env) {
      const child = new PythonProcess(join(cwd, file), [], { cwd, env: { ...env, PYTHONPATH: HERE } });
      const { stdin, stdout, stderr } = child;
      const ended = child.ended.then(({ code, signal, reason }) => code ?? signal ?? reason);
      return { stdin, stdout, stderr, kill: () => child.kill(), ended };
    },
    file: 'page.py',
    preamble: 'from turn import turn\n',
    pause: 'turn()\n',
  },
};

export class Program {
  readonly #language: Language;
  readonly #child: Running;
  #end: unknown;
  #stdout = '';
  #stderr = '';
  #begun = false;

  /** Begins to run in `folder`, up to the first block. */
  constructor(language: Language, blocks: readonly Block[], folder: string) {
    const { start, file, preamble, pause } = RUNTIMES[language];
    const code = blocks.filter(block => block.language === language).map(block => block.code);
    writeFileSync(join(folder, file), `${preamble}${pause}${code.join(pause)}${pause}`);
    this.#language = language;
    this.#child = start(file, folder, { NO_COLOR: '1', TF_CPP_MIN_LOG_LEVEL: '3', CUDA_VISIBLE_DEVICES: '-1' });
    void this.#child.ended.then(end => {
      this.#end = end;
    });
    // A process that has died is reported by what it wrote to stderr.
    this.#child.stdin.on('error', () => {});
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
  }

  /** Runs the next block; gives what it printed. Throws with everything the process wrote if it dies. */
  async next(): Promise<string> {
    if (!this.#begun) await this.#untilPause();
    this.#begun = true;
    this.#child.stdin.write('\n');
    return this.#untilPause();
  }

  /** Ends the process, also one that waits for its turn. */
  async end(): Promise<void> {
    this.#child.kill();
    await this.#child.ended;
  }

  async #untilPause(): Promise<string> {
    for (;;) {
      const end = this.#stdout.indexOf(SEPARATOR);
      if (end >= 0) {
        const printed = this.#stdout.slice(0, end);
        this.#stdout = this.#stdout.slice(end + SEPARATOR.length);
        return printed;
      }
      if (this.#end !== undefined)
        throw new Error(`${this.#language} ended (${this.#end})\n${this.#stdout}\n${this.#stderr}`);
      await Promise.race([once(this.#child.stdout, 'data'), this.#child.ended]);
    }
  }
}
