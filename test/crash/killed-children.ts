/** Programs that save, and are killed before one of their file operations. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { rolldown } from 'rolldown';
import { isDeep } from '../depth.js';
import { type Fault, faultAddonPath, type Operation } from '../native/fault-binding.js';
import { writePoints } from './child.js';
import { sample } from './failing-calls.js';

/** The program as one file, which Node runs. */
export async function joinProgram(entry: string, script: string): Promise<void> {
  const build = await rolldown({ input: entry, platform: 'node', logLevel: 'silent' });
  const { output } = await build.generate({ format: 'esm', codeSplitting: false });
  await build.close();
  await writeFile(script, output[0].code);
}

/** Its file operations, which it prints; null if it was killed. */
export function runProgram(script: string, job: object): Promise<Operation[] | null> {
  const env = { ...process.env, TENSORBUNDLE_BINDING: faultAddonPath };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [script, JSON.stringify(job)], { env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (error?.signal === 'SIGKILL') resolve(null);
      else if (error) reject(new Error(`the child failed: ${error.message}\n${stderr}`));
      else resolve(JSON.parse(stdout) as Operation[]);
    });
  });
}

/**
 * Where to kill a save that does this: in the deep run all operations if `everywhere`, else all that write; beside it
 * `count` of those that write, and always those around the last operation of the kind that commits.
 */
export function killPoints(
  done: readonly Operation[],
  { everywhere, commit, count }: { everywhere: boolean; commit: string; count: number },
): Fault[] {
  if (isDeep && everywhere) return done.map((_, i) => ({ at: i + 1, action: 'kill' }));
  const all = writePoints([...done], 'kill');
  if (isDeep) return all;
  const at = all.findLastIndex(({ syscall }) => syscall === commit);
  const others = all.filter((_, i) => i < at || i > at + 1);
  return [...sample(others, count), ...all.slice(at, at + 2)];
}

/** Two at a time. An error says where it was killed. */
export async function killAtEach(points: readonly Fault[], killedAt: (fault: Fault) => Promise<void>): Promise<void> {
  const left = [...points];
  const run = async (): Promise<void> => {
    for (let fault = left.pop(); fault !== undefined; fault = left.pop()) {
      const at = fault;
      await killedAt(at).catch(error => {
        throw new Error(`${JSON.stringify(at)}: ${(error as Error).message}`, { cause: error });
      });
    }
  };
  await Promise.all([run(), run()]);
}
