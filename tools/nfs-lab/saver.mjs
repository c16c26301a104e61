/**
 * A program that the job starts: `saver.mjs ROLE PREFIX [ARGUMENT]`, with the built package. Every value of save K is
 * K, so a mixture of two saves is noticed. Prints one line at the end.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { CheckpointReader, CheckpointWriter } from '../../dist/index.js';

const TENSORS = 4;
const ELEMENTS = 20_000;

export function writerOf(prefix, k, options = {}, during = async () => undefined) {
  const writer = new CheckpointWriter(prefix, { shards: 2, ...options });
  for (let i = 0; i < TENSORS; i++) {
    const data = async () => {
      if (i === TENSORS - 1) await during();
      return new Float32Array(ELEMENTS).fill(k);
    };
    writer.add(`t${i}`, { dtype: 'float32', shape: [ELEMENTS], data });
  }
  return writer;
}

export const save = (prefix, k, options, during) => writerOf(prefix, k, options, during).finish();

/** The number K of the save at `prefix`; throws 'mixed' if there are values of two saves. */
export async function savedAt(prefix, copy = true) {
  const reader = await CheckpointReader.open(prefix);
  try {
    const values = new Set();
    for (const name of reader.names()) {
      const { data } = await reader.read(name, { copy });
      values.add(data[0]).add(data[ELEMENTS - 1]);
    }
    if (values.size !== 1) throw new Error(`mixed: ${[...values]}`);
    return [...values][0];
  } finally {
    await reader.close();
  }
}

const ROLES = {
  /** Saves once. */
  save: async (prefix, k, options) => (await save(prefix, Number(k), JSON.parse(options ?? '{}'))).shards,
  /** Kills itself in the middle of a save. */
  kill: (prefix, k) => save(prefix, Number(k), {}, () => process.kill(process.pid, 'SIGKILL')),
  /** Prints "begun" in the middle of a save and goes on when its input ends. */
  wait: async (prefix, k) => {
    await save(prefix, Number(k), {}, async () => {
      process.stdout.write('begun\n');
      for await (const _ of process.stdin);
    });
    return 'saved';
  },
  /** Saves again and again. */
  many: async (prefix, k, count) => {
    const errors = [];
    for (let i = 0; i < Number(count); i++)
      await save(prefix, Number(k) + i, { durable: i % 2 === 0 }).catch(error =>
        errors.push(`${error.code}: ${error.message}`),
      );
    return errors.length === 0 ? 'all saved' : `${errors.length} failed: ${errors[0]}`;
  },
  /** Opens and reads again and again until its input ends. */
  read: async prefix => {
    let end = false;
    process.stdin.on('end', () => {
      end = true;
    });
    process.stdin.resume();
    let read = 0;
    const errors = {};
    while (!end) {
      await savedAt(prefix).then(
        () => read++,
        error => {
          const what = error.code ?? error.message;
          errors[what] = (errors[what] ?? 0) + 1;
        },
      );
      await delay(1);
    }
    return `${read} reads, ${JSON.stringify(errors)}`;
  },
  /** Reads without copies, prints "begun", and checks what it has read when its input ends. */
  view: async (prefix, k) => {
    const reader = await CheckpointReader.open(prefix);
    const { data } = await reader.read('t0');
    process.stdout.write('begun\n');
    for await (const _ of process.stdin);
    const right = data.every(value => value === Number(k));
    const later = await reader.read('t3').then(
      ({ data }) => (data.every(value => value === Number(k)) ? 'right' : 'WRONG'),
      error => error.code,
    );
    await reader.close();
    return `what was read is ${right ? 'right' : 'WRONG'}, a later read ${later}`;
  },
};

const [role, ...rest] = process.argv.slice(2);
if (ROLES[role]) {
  ROLES[role](...rest).then(
    result => console.log(result),
    error => console.log(`${error.code ?? 'NO CODE'}: ${error.message} (${error.cause?.message ?? ''})`),
  );
}
