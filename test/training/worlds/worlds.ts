/**
 * Runs random worlds in two processes, one that is never stopped and one that restores what the other saved in the
 * middle.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const PROGRAM = fileURLToPath(new URL('program.mjs', import.meta.url));

/** What became of a world; `error` alone if its training failed. */
export interface Outcome {
  readonly error?: string;
  readonly networks?: readonly string[];
  readonly trainers?: readonly string[];
  /** Of all layers, in hex. */
  readonly weights?: readonly string[];
  /** Of each optimizer. */
  readonly steps?: readonly number[];
  readonly status?: { readonly missing: readonly string[]; readonly unused: readonly string[] };
}

export interface World {
  readonly seed: number;
  readonly whole: Outcome;
  readonly resumed: Outcome;
}

/** The worlds of seeds FIRST to LAST, without the last. */
export async function runWorlds(first: number, last: number): Promise<World[]> {
  const directory = mkdtempSync(join(tmpdir(), 'tensorbundle-worlds-'));
  try {
    const run = async (part: string): Promise<Record<string, Outcome>> => {
      const options = { maxBuffer: 2 ** 26 };
      await promisify(execFile)(process.execPath, [PROGRAM, directory, part, `${first}`, `${last}`], options);
      return JSON.parse(readFileSync(join(directory, `${part} ${first}.json`), 'utf8')) as Record<string, Outcome>;
    };
    const whole = await run('whole');
    const resumed = await run('resumed');
    return Object.keys(whole).map(seed => ({ seed: Number(seed), whole: whole[seed]!, resumed: resumed[seed]! }));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Undefined if the world that was restored is, bit for bit, where the other is. */
export function difference({ seed, whole, resumed }: World): string | undefined {
  const about = JSON.stringify([seed, whole.networks, whole.trainers]);
  const error = whole.error ?? resumed.error;
  if (error !== undefined) return `${about}: ${error}`;
  const { missing, unused } = resumed.status!;
  const left = [...missing, ...unused];
  if (left.length > 0) return `${about}: not restored: ${left.join(', ')}`;
  if (whole.weights!.join() !== resumed.weights!.join()) return `${about}: other weights`;
  return whole.steps!.join() === resumed.steps!.join() ? undefined : `${about}: other steps`;
}
