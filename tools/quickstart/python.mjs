/** Runs keras.py in the Python environment of .tools/venv. */
import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** The bytes of a Float32Array as in memory: little-endian on every platform that this project supports. */
function bytes(array) {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

async function floats(path) {
  const { buffer, byteOffset, byteLength } = await readFile(path);
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}

/**
 * Restores the weights at `from` in tf_keras, trains one more epoch, saves them to `to`.
 *
 * @param {{ root: string, work: string, training: object, test: object, from: string, to: string, batchSize: number }}
 * task
 * @param {(share: number) => void} onProgress
 * @returns {Promise<{ restored: Float32Array, trained: Float32Array, versions: string[] }>} predictions on the test
 * digits
 */
export async function continueInKeras({ root, work, training, test, from, to, batchSize }, onProgress) {
  const job = { from, to, batchSize, restored: join(work, 'restored.f32'), trained: join(work, 'trained.f32') };
  for (const [name, digits] of Object.entries({ training, test })) {
    job[name] = { images: join(work, `${name}-images.f32`), labels: join(work, `${name}-labels.f32`) };
    await writeFile(job[name].images, bytes(digits.images));
    await writeFile(job[name].labels, bytes(digits.labels));
  }
  const path = join(work, 'job.json');
  await writeFile(path, JSON.stringify(job));
  const versions = await run(
    join(root, '.tools', 'venv', 'bin', 'python'),
    [join(root, 'tools', 'quickstart', 'keras.py'), path],
    onProgress,
  );
  return { restored: await floats(job.restored), trained: await floats(job.trained), versions };
}

/** Resolves to the versions that the program printed; rejects with the end of its error output. */
function run(python, args, onProgress) {
  return new Promise((resolve, reject) => {
    const child = spawn(python, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let errors = '';
    let versions = [];
    child.stderr.setEncoding('utf8').on('data', text => {
      errors = (errors + text).slice(-4000);
    });
    createInterface({ input: child.stdout }).on('line', line => {
      const [word, ...rest] = line.split(' ');
      if (word === 'progress') onProgress(Number(rest[0]));
      else if (word === 'versions') versions = rest;
    });
    child.on('error', cause => reject(new Error(`${python} cannot be started; run \`npm run setup\``, { cause })));
    child.on('close', code => (code === 0 ? resolve(versions) : reject(new Error(`keras.py failed:\n${errors}`))));
  });
}
