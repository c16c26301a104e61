/** Runs the cases of a run one after another, and writes down each turn. */
import { caseLines } from '../report/table.mjs';
import { leastTurns, measure } from './measure.mjs';
import { Plan } from './plan.mjs';
import { Progress } from './progress.mjs';
import { costs, evaluate } from './rows.mjs';

/** Freed memory goes back to the host; the first to touch it again would pay. */
const TOUCHED_BYTES = 7 * 2 ** 30;
const KINDS = ['disk', 'tmpfs'];

/**
 * @param run `{ cases, results, places, processes, minutes }`; which cases, sizes and peers is in the results'
 *   options,
 *   which are those of the first start if a run goes on
 */
export async function runCases({ cases, results, places, processes, minutes }) {
  const { options } = results.data;
  const tasks = tasksOf(cases, options);
  const plan = new Plan(tasks, { minutes, ...options });
  const progress = new Progress(tasks.reduce((sum, _, i) => sum + plan.expected(i), 0));
  const started = performance.now();
  const before = results.data.seconds;
  const elapsed = () => before + (performance.now() - started) / 1000;
  await touchMemory(processes, options.quick);
  for (const [i, task] of tasks.entries()) {
    const record = results.record(task.key, { name: task.benchmark.name, ...about(task, options) });
    if (record.ended === undefined) {
      record.left = leftOut(task, places, elapsed() / 60 > minutes ? minutes : undefined);
      if (record.left === undefined) {
        const run = { results, places, processes, progress, budget: plan.budget(i, elapsed()) };
        record.left = await runCase(task, record, { ...run, expected: plan.expected(i) }).catch(reasonOf);
      }
      results.data.seconds = elapsed();
      await results.write();
    }
    progress.end(plan.expected(i));
    for (const line of caseLines(record)) progress.line(line);
  }
  results.data.finished = true;
  await results.write();
}

/** Each case once for each of its places; with --quick only on the disk. */
export function tasksOf(cases, { only, quick }) {
  return cases
    .filter(({ name }) => only.includes(name))
    .flatMap(benchmark =>
      KINDS.filter(kind => (quick ? ['disk'] : (benchmark.places ?? ['disk'])).includes(kind)).map(kind => ({
        benchmark,
        kind,
        key: kind === 'disk' ? benchmark.name : `${benchmark.name}@${kind}`,
      })),
    );
}

const sizeOf = ({ benchmark }, { size }) => size * (benchmark.share ?? 1);

const about = ({ benchmark: { what, how }, kind }, options) => ({
  kind,
  what: kind === 'disk' ? what : `${what} (${kind})`,
  how: typeof how === 'function' ? how(options) : how,
});

function leftOut({ kind }, places, minutes) {
  if (minutes !== undefined) return `the ${minutes} minutes of this run were over`;
  return typeof places[kind] === 'string' ? places[kind] : undefined;
}

async function runCase(task, record, { results, places, processes, progress, budget, expected }) {
  const { options } = results.data;
  const { benchmark, key } = task;
  const place = places[task.kind];
  record.kind = place.kind;
  const started = performance.now();
  const earlier = record.seconds;
  record.ended = await measure({
    benchmark,
    place,
    size: sizeOf(task, options),
    quick: options.quick,
    processes,
    pairs: options.pairs,
    peers: options.peers,
    budget,
    turns: record.turns,
    onStep: name => {
      const least = leastTurns(benchmark, options.pairs);
      const text = `${key}: turn ${record.turns.length + 1}, ${name}`;
      progress.step(text, record.turns.length / least, expected);
    },
    onTurn: async () => {
      record.seconds = earlier + (performance.now() - started) / 1000;
      await results.write();
    },
  });
  record.seconds = earlier + (performance.now() - started) / 1000;
  record.rows = evaluate(benchmark, record.turns, place.kind);
  record.costs = benchmark.apart ? costs(record.turns) : [];
}

async function touchMemory(processes, quick) {
  const bytes = quick ? TOUCHED_BYTES / 4 : TOUCHED_BYTES;
  const program = { kind: 'peer', peer: 'raw', request: { run: 'touch', bytes } };
  if (processes.missing(program) === undefined) await processes.run(program);
}

/** A case that needs a program which is not here is left out. Anything else ends the run. */
function reasonOf(error) {
  if (error.name === 'UnavailableError') return error.message;
  throw error;
}
