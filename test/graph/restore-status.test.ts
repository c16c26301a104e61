import { describe, expect, it } from 'vitest';
import { RestoreMismatchError, type RestoreOutcome, restoreStatus } from '../../src/graph/restore/restore-status.js';

function outcome(changes: Partial<RestoreOutcome> = {}): RestoreOutcome {
  return {
    path: 'run/ckpt',
    source: 'the checkpoint',
    root: '',
    selected: 2,
    loaded: [{ key: 'a/k', label: 'conv2d_2/kernel' }],
    missing: [],
    unused: [],
    mismatched: [],
    refusedValues: false,
    ...changes,
  };
}

const kernel = { key: 'b/k', label: 'conv2d_3/kernel' };
const mismatched = [{ ...kernel, expected: 'float32 [3,3,16,32]', found: 'float32 [3,3,8,32]' }];

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'no error';
}

describe('a restore status', () => {
  it.each([
    ['complete', {}, ['no error', 'no error', 'no error']],
    ['with unused values', { unused: ['x'] }, ['ERR_NOT_CONSUMED', 'no error', 'no error']],
    ['with missing values', { missing: [kernel] }, ['ERR_NOT_CONSUMED', 'ERR_UNMATCHED', 'no error']],
    ['with a mismatch', { mismatched }, ['ERR_NOT_CONSUMED', 'ERR_UNMATCHED', 'no error']],
    ['empty', { loaded: [] }, ['no error', 'no error', 'ERR_TRIVIAL_MATCH']],
  ])('asserts as TensorFlow does when %s', (_what, changes, codes) => {
    const status = restoreStatus(outcome(changes));
    expect(codeOf(() => status.assertConsumed())).toBe(codes[0]);
    expect(codeOf(() => status.assertExistingObjectsMatched())).toBe(codes[1]);
    expect(codeOf(() => status.assertNontrivialMatch())).toBe(codes[2]);
    expect(status.expectPartial()).toBe(status);
  });

  it('reads like a sentence', () => {
    const text = String(
      restoreStatus(outcome({ mismatched, missing: [kernel], unused: ['y'], loaded: [], refusedValues: true })),
    );
    expect(text.split('\n')).toEqual([
      '0 variables restored from run/ckpt; nothing was changed',
      '1 variable of another shape or type:',
      '  layer conv2d_3 expects kernel [3,3,16,32]; the checkpoint has [3,3,8,32] at b/k',
      '1 variable of the model is not in the checkpoint:',
      '  layer conv2d_3: kernel (b/k)',
      '1 value of the checkpoint was not used:',
      '  y',
      'If the missing values are there under other names (y), give these names with `map`.',
    ]);
  });

  it('says what to try when nothing was found', () => {
    const unused = ['d1', 'd2', 'd3', 'd4'].map(name => `blocks/${name}/kernel/.ATTRIBUTES/VARIABLE_VALUE`);
    const text = String(restoreStatus(outcome({ loaded: [], missing: [kernel], unused })));
    expect(text.split('\n').at(-1)).toBe(
      'Nothing in the checkpoint was found where this model would have it. Its own paths look like blocks/d1/kernel, ' +
        'blocks/d2/kernel, blocks/d3/kernel, …; `map` can name them, for variables or for whole layers: ' +
        "{ map: { 'name of a layer': 'path in the checkpoint' } }",
    );
  });

  it.each([
    [
      'a dtype that differs',
      'float32 [2]',
      'int32 [2]',
      'layer conv2d_3 expects kernel float32 [2]; the checkpoint has int32 [2] at b/k',
    ],
    [
      'a dtype that TensorFlow.js does not have',
      'float32 [2]',
      'float16 [2]',
      'layer conv2d_3 expects kernel float32 [2]; the checkpoint has float16 [2] at b/k, ' +
        'and TensorFlow.js has no float16',
    ],
  ])('names %s', (_what, expected, found, sentence) => {
    const status = restoreStatus(outcome({ mismatched: [{ ...kernel, expected, found }] }));
    expect(String(status).split('\n').slice(1)).toEqual([
      '1 variable of another shape or type; it keeps its value:',
      `  ${sentence}`,
    ]);
  });

  it('names the object that was taken for the model, and each key once', () => {
    const twice = [kernel, { ...kernel, label: 'conv2d_4/kernel' }];
    const status = restoreStatus(outcome({ root: 'gen', loaded: twice }));
    expect(String(status)).toBe("2 variables restored from 'gen' of run/ckpt");
    expect(status.loaded).toEqual(['b/k']);
  });

  it('speaks of the variable that a key was compared with, where two variables have one', () => {
    const other = { ...mismatched[0]!, label: 'conv2d_9/kernel', expected: 'float32 [1]' };
    const text = String(restoreStatus(outcome({ mismatched: [...mismatched, other] })));
    expect(text).toContain('layer conv2d_3 expects kernel [3,3,16,32]');
    expect(text).toContain('layer conv2d_9 expects kernel [1]');
  });

  it('speaks of the model in place of the checkpoint', () => {
    const status = restoreStatus(outcome({ source: 'the other model', loaded: [], unused: ['x'] }));
    expect(() => status.assertConsumed()).toThrow(/^the other model and the model do not agree/);
    expect(() => status.assertNontrivialMatch()).toThrow(/^nothing in the other model belongs/);
  });

  it('says that nothing was selected', () => {
    expect(String(restoreStatus(outcome({ loaded: [], selected: 0 })))).toContain(
      '`include` and `exclude` leave no variable of the model.',
    );
  });

  it.each([
    ['sizes', 'float32 [2]', 'float32 [3]', 'Build the model with the sizes it was saved with, or'],
    ['types', 'float32 [2]', 'float16 [2]', 'Save it as float32, or'],
    ['both', 'int32 [2]', 'int64 [3]', 'Save it as int32, or'],
  ])('advises on %s', (_what, expected, found, advice) => {
    const what = outcome({ mismatched: [{ ...kernel, expected, found }], refusedValues: true });
    expect(new RestoreMismatchError(restoreStatus(what), what).message).toContain(advice);
  });

  it('does not flood the screen', () => {
    const unused = Array.from({ length: 1000 }, (_, i) => `k${i}`);
    const lines = String(restoreStatus(outcome({ unused }))).split('\n');
    expect(lines).toHaveLength(11);
    expect(lines.at(-1)).toBe('  and 992 more');
  });

  it('explains a mismatch in the error, with the status', () => {
    const what = outcome({ mismatched: [...mismatched, ...mismatched], refusedValues: true });
    const error = new RestoreMismatchError(restoreStatus(what), what);
    expect(error).toMatchObject({ expected: 'float32 [3,3,16,32]', found: 'float32 [3,3,8,32]' });
    expect(error).toMatchObject({ code: 'ERR_MISMATCH', tensor: 'b/k', path: 'run/ckpt' });
    expect(error.status.mismatched).toHaveLength(2);
    expect(error.message).toMatch(/^layer conv2d_3 expects kernel .* \(and 1 more\); nothing was changed\. /);
  });
});
