/** Runs networks.py and basic_pitch.py, and says where the packages with trained weights are. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runPython } from '../oracle/python.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Where `node tools/setup.mjs` puts the PyPI packages of tools/pretrained.txt. */
export const PACKAGES = join(root, '.tools', 'pretrained');

/** A tensor in JSON. */
export interface Plain {
  shape: number[];
  data: number[];
}

/** One process; `job` and its answer go through files in `directory`. */
export async function runJob<T>(
  script: 'networks.py' | 'basic_pitch.py',
  command: 'give' | 'take',
  directory: string,
  job: object,
): Promise<T> {
  const file = join(directory, `${command}.json`);
  await writeFile(file, JSON.stringify(job));
  // mtcnn's source builds its networks with tensorflow.keras; this makes that tf_keras.
  await runPython(`test/pretrained/${script}`, [command, file], { env: { TF_USE_LEGACY_KERAS: '1' } });
  return JSON.parse(await readFile(`${file}.answer`, 'utf8')) as T;
}
