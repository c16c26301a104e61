/** `tensorbundle saved-model show` on SavedModels by real TensorFlow; for stored.test.ts. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { SavedModelDescription } from '../../src/training/savedmodel/shown/describe.js';
import { run, runJson } from '../cli/program.js';

/** What TensorFlow itself reads: checkpoint keys, and what saved_model.pb says, as plain data. */
export interface Facts {
  readonly variables: readonly { key: string; dtype: string; shape: number[] }[];
  readonly nodes: readonly { kind: string; children: readonly [string, number][] }[];
  readonly signatures: Record<string, { inputs: Record<string, string>; outputs: Record<string, string> }>;
  /** The five numbers. */
  readonly fingerprint: readonly string[] | null;
  readonly version: string;
}

const LAYERS = ['InputLayer', 'InputLayer', 'Concatenate', 'Dense', 'Dense'];

export function showSuite(folder: string, factsOf: () => Record<string, Facts>): void {
  const at = (name: string): string => join(folder, name);
  const known = new Map<string, SavedModelDescription>();
  const shown = (name: string): SavedModelDescription => {
    const earlier = known.get(name);
    if (earlier) return earlier;
    const { code, json, err } = runJson<SavedModelDescription>(['saved-model', 'show', at(name)]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    known.set(name, json);
    return json;
  };

  describe('--json says what TensorFlow says', () => {
    test.each(['functional', 'untraced', 'exported', 'module', 'subclassed', 'session'])('%s', name => {
      const facts = factsOf()[name]!;
      const found = shown(name);
      expect(found).toMatchObject({ path: at(name), tags: ['serve'], tagSets: [['serve']], bundleError: null });
      expect(found.writtenBy.tensorflow).toBe(facts.version);
      const { uuid, ...hashes } = found.fingerprint ?? {};
      expect(found.fingerprint && Object.values(hashes)).toEqual(facts.fingerprint);
      if (found.fingerprint) expect(uuid).toMatch(/^\d+$/);
      const tensors = (all: SavedModelDescription['signatures'][number]['inputs']): Record<string, string> =>
        Object.fromEntries(all.map(one => [one.name, `${one.tensor} ${one.dtype} ${JSON.stringify(one.shape)}`]));
      const signatures = found.signatures.map(one => [
        one.name,
        { inputs: tensors(one.inputs), outputs: tensors(one.outputs) },
      ]);
      expect(Object.fromEntries(signatures)).toEqual(facts.signatures);
      expect(found.objects.map(({ children }) => children.map(child => [child.name, child.node]))).toEqual(
        facts.nodes.map(({ children }) => children),
      );
      const variables = facts.nodes.filter(({ kind }) => kind === 'variable').length;
      if (name !== 'session') expect(found.variables).toHaveLength(variables);
      // Each variable, and its place in the bundle.
      const listed = found.variables.map(({ key, dtype, shape }) => ({ key, dtype, shape }));
      const stored = facts.variables.map(({ key, dtype, shape }) => ({ key, dtype, shape }));
      for (const one of listed) expect(stored).toContainEqual(one);
      expect(found.variables.every(({ bytes, shard, offset }) => bytes! > 0 && shard === 0 && offset! >= 0)).toBe(true);
      const files = (readdirSync(at(name), { recursive: true }) as string[])
        .map(file => statSync(join(at(name), file)))
        .filter(stat => stat.isFile());
      expect(found.bytes.total).toBe(files.reduce((sum, { size }) => sum + size, 0));
    });
  });

  test('objects have the classes and names of Keras', () => {
    const { objects, writtenBy, variables } = shown('functional');
    expect(objects[0]).toMatchObject({ path: '', className: 'Functional', identifier: '_tf_keras_network' });
    expect(writtenBy.keras).toMatch(/^\d/);
    const layers = objects[0]!.children.filter(({ name }) => /^layer-\d/.test(name));
    expect(layers.map(({ node }) => objects[node]!.className)).toEqual(LAYERS);
    expect(layers.map(({ node }) => objects[node]!.name).slice(3)).toEqual(['two', 'one']);
    expect(objects[layers[3]!.node]!.metadata).toMatchObject({ config: { activation: 'sigmoid', units: 1 } });
    const slots = variables.filter(({ name }) => /\bm\/(one|two)\/(kernel|bias)$/.test(name));
    expect(slots).toHaveLength(4);
    expect(slots.every(({ trainable }) => trainable === false)).toBe(true);
    expect(shown('untraced').objects[0]!.className).toBe('Functional');
  });

  test('functions have their arguments and traces', () => {
    const { functions, concreteFunctions } = shown('module');
    const free = functions.find(({ path }) => path === 'free')!;
    expect(free.argumentSpec).toMatchObject({
      kind: 'named tuple',
      items: [
        { key: 'args', value: { kind: 'list', items: [{ value: 'a' }, { value: 'b' }] } },
        { key: 'varargs', value: { value: null } },
        { key: 'varkw', value: { value: null } },
        { key: 'defaults', value: { kind: 'tuple', items: [{ kind: 'value', value: 2 }] } },
        { key: 'kwonlyargs', value: { items: [{ value: 'flag' }] } },
        { key: 'kwonlydefaults', value: { kind: 'dict', items: [{ key: 'flag', value: { value: true } }] } },
        { key: 'annotations' },
      ],
    });
    expect(free.concreteFunctions).toHaveLength(2);
    const called = functions.find(({ path }) => path === '__call__')!;
    const trace = concreteFunctions.find(({ name }) => name === called.concreteFunctions[0])!;
    expect(trace.outputs).toEqual({
      kind: 'dict',
      items: [
        { key: 'n', value: { kind: 'tensor', name: 'n', dtype: 'int32', shape: [] } },
        { key: 'y', value: { kind: 'tensor', name: 'y', dtype: 'float64', shape: [null, 3] } },
      ],
    });
    // It uses the variable.
    expect(trace.captures).toEqual([1]);
  });

  test('text for people has each thing on a line', () => {
    const { code, out, err } = run(['saved-model', 'show', at('module')]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const lines = out.split('\n');
    expect(lines[1]).toMatch(/^written by {2}TensorFlow \d/);
    for (const line of [
      '  call  tensorflow/serving/predict',
      '    in   x  float64  [?,2]  call_x:0',
      '  free(a, b=2, *, flag=True)',
      '    (a: float32[], 2, flag: True) -> float32[]',
      '    (x: float64[?,2]) -> {n: int32[], y: float64[?,3]}',
      '    uses w',
      '  w  float64  [2,3]  48 B  trainable  0:0  w',
      '  model  object  1 variable, 48 B',
      '  vocabulary.txt  6 B',
    ])
      expect(lines).toContain(line);
    expect(lines.some(line => /[├└]─ table {2}tf\.StaticHashTable$/.test(line))).toBe(true);
    const layers = run(['saved-model', 'show', at('functional')]).out;
    expect(layers).toMatch(/├─ layer_with_weights-0 \(layer-3\) {2}Dense {2}'two' {2}2 variables, 32 B/);
  });

  test('--limit bounds each section, and says so', () => {
    const { out } = run(['saved-model', 'show', at('functional'), '--limit', '3']);
    expect(out).toMatch(/\n {2}… \d+ lines more \(--limit N, --json\)\n/);
    for (const section of out.trimEnd().split('\n\n').slice(1))
      expect(section.split('\n').length).toBeLessThanOrEqual(5);
  });

  test('wrong command lines, and what is no SavedModel', () => {
    expect(run(['saved-model', 'list', at('module')])).toMatchObject({ code: 2 });
    expect(run(['saved-model', 'show']).err).toContain('too few arguments');
    expect(run(['saved-model', 'show', at('absent')])).toMatchObject({ code: 1 });
    const file = run(['saved-model', 'show', at('module/saved_model.pb')]);
    expect(file).toMatchObject({ code: 3 });
    expect(file.err).toContain('a SavedModel is a directory with a file saved_model.pb');
  });
}
