/**
 * The JSON of a run. It is written after each turn, so an interrupted run can go on where it was: all finished turns
 * are kept. A file is replaced by a rename, so it is never half written.
 */
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { identity } from './machine.mjs';
import { UsageError } from './options.mjs';

export class Results {
  #file;
  #data;

  constructor(file, data) {
    this.#file = file;
    this.#data = data;
  }

  static begin(machine, options) {
    const { json, quick, size, pairs, only, peers, directory } = options;
    const kept = { quick, size, pairs, only, peers, directory };
    return new Results(json, { schema: 1, finished: false, machine, options: kept, seconds: 0, cases: [] });
  }

  /** Continues a run that was interrupted. It must have been on the same machine with the same build. */
  static async resume(file, machine) {
    const data = JSON.parse(await readFile(file, 'utf8'));
    if (data.finished) throw new UsageError(`${file} is complete: nothing to resume`);
    if (identity(data.machine) !== identity(machine))
      throw new UsageError(`${file} was begun with another build, Node or machine; start a new run`);
    return new Results(file, data);
  }

  get file() {
    return this.#file;
  }

  get data() {
    return this.#data;
  }

  /** The record of a case, made if it is new. `key`: name and place. */
  record(key, about) {
    const found = this.#data.cases.find(record => record.key === key);
    if (found) return found;
    const made = { key, ...about, turns: [], seconds: 0, ended: undefined };
    this.#data.cases.push(made);
    return made;
  }

  async write() {
    await mkdir(dirname(this.#file), { recursive: true });
    const draft = `${this.#file}.part`;
    await writeFile(draft, `${JSON.stringify(this.#data, null, 1)}\n`);
    await rename(draft, this.#file);
  }
}

/** The newest run in a folder that was interrupted. */
export async function newestUnfinished(folder) {
  const names = (await readdir(folder).catch(() => [])).filter(name => name.endsWith('.json'));
  const files = await Promise.all(
    names.map(async name => ({ file: join(folder, name), time: (await stat(join(folder, name))).mtimeMs })),
  );
  for (const { file } of files.sort((a, b) => b.time - a.time)) {
    if (await isUnfinished(file)) return file;
  }
  throw new UsageError(`${folder} has no run that was interrupted; start one without --resume`);
}

async function isUnfinished(file) {
  try {
    return JSON.parse(await readFile(file, 'utf8')).finished === false;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
