/** SIGTERM where somebody else listens too, and with `model.fit`: see preemption.test.ts. */
import { expect, it } from 'vitest';
import { run } from './preempted.js';

it('who else listens has the signal once, and the last word; model.fit keeps its last backup', async () => {
  const [heard, fit] = await Promise.all([
    run('manager', 'heard', { at: 5, more: ['listener'] }),
    run('fit', 'fit', { at: 14 }),
  ]);
  expect([heard.signal, heard.batches.length, heard.said]).toEqual([null, 30, ['heard', 'saved', 'listeners 0']]);
  expect([fit.signal, fit.batches.length]).toEqual(['SIGTERM', 14]);
  expect(fit.warnings).toContain('model.fit cannot go on in the middle of an epoch');
  const again = await run('fit', 'fit');
  // From the second epoch on.
  expect([again.signal, again.batches.slice(0, 4)]).toEqual([null, fit.batches.slice(10)]);
}, 60_000);

it('the manager in a loop of its own, and ModelCheckpoint: on disk is the batch that was finished', async () => {
  const [whole, cut, model] = await Promise.all([
    run('manager', 'loop'),
    run('manager', 'cut-loop', { at: 7 }),
    run('model', 'model', { at: 13 }),
  ]);
  expect([whole.signal, whole.said]).toEqual([null, ['listeners 0']]);
  expect([cut.signal, cut.batches]).toEqual(['SIGTERM', whole.batches.slice(0, 7)]);
  expect([model.signal, model.batches.length]).toEqual(['SIGTERM', 13]);
  const [rest, loaded] = await Promise.all([run('manager', 'cut-loop'), run('load', 'model')]);
  expect([rest.batches, rest.weights]).toEqual([whole.batches.slice(7), whole.weights]);
  expect(loaded.weights).toBe(model.batches.at(-1));
}, 60_000);
