/** What the lives of lives.mjs must print, and how they must end: a code or a signal, never another one. */
export interface Expected {
  stdout: string;
  status?: number;
  signal?: NodeJS.Signals;
  /** Run once for each of these moments, in milliseconds after the work began. */
  delays?: readonly number[];
}

const each = (repeat: number, line: string): string => Array.from({ length: repeat }, () => line).join('\n');

const DELAYS = [0, 20, 3, 45, 9, 12, 30, 70];

/** @param repeat how often a life repeats what may race, or at how many moments it is lived */
export function expectedLives(repeat: number): Readonly<Record<string, Expected>> {
  const delays = DELAYS.slice(0, repeat);
  return {
    'only a worker loads it': { stdout: '0' },
    'only a worker saves and reads': { stdout: '0' },
    'one worker after another': { stdout: each(repeat, '0') },
    'four workers at once': { stdout: '0 0 0 0' },
    'a worker first, then the main thread': { stdout: '0\nread' },
    'the main thread first, then workers': { stdout: 'read\n0 0' },
    'the main thread and a worker at once': { stdout: 'read 0' },
    'a worker is terminated while it saves': { stdout: 'true\n0' },
    'a worker is terminated while it reads': { stdout: 'true\n0' },
    'a worker is terminated while it opens': { stdout: 'true\n0' },
    'a worker is terminated while it loads': { stdout: 'true\n0' },
    'a worker is terminated with views alive': { stdout: 'done' },
    'a worker ends with views alive': { stdout: each(repeat, '0') },
    'a worker calls process.exit while it saves': { stdout: each(repeat, '5') },
    'a worker throws while it saves': { stdout: each(repeat, 'on purpose 1') },
    'a worker runs out of memory while it saves': { stdout: 'ERR_WORKER_OUT_OF_MEMORY 1\n0' },
    'the addon is loaded again in the same thread': { stdout: '0\ndone' },
    'process.exit while the main thread saves': { stdout: '', status: 7, delays },
    'process.exit while workers save': { stdout: '', status: 7, delays },
    'the main thread ends while an unreferenced worker saves': { stdout: '', delays },
    'uncaught exception while the main thread saves': { stdout: '', status: 1, delays },
    'uncaught exception while a worker saves': { stdout: '', status: 1, delays },
    'SIGTERM while a worker saves': { stdout: '', signal: 'SIGTERM', delays: [10] },
    'child processes': { stdout: '0 7\nread\n0' },
    cluster: { stdout: '0 3' },
  };
}
