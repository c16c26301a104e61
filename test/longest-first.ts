/** Long test files begin first, so that no core idles at the end of a run while the other one is in a long file. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The files that CI names as the longest (`.ci/longest-files.mjs`), from about a minute on. */
const LONG: readonly string[] = [
  'package/lives.deep',
  'native/native.deep',
  'savedmodel/directory-errors.deep',
  'native/tidy.deep',
  'bundle/taken-buffers.deep',
  'savedmodel/functions/layers-recurrent.deep',
  'savedmodel/functions/layers-wrappers.deep',
  'package/tfjs-node.deep',
  'keras/large.deep',
  'savedmodel/matrix.deep',
  'keras/given.deep',
  'keras/layers.deep',
  'savedmodel/functions/random-models.deep',
  'savedmodel/functions/loops-proven.deep',
  'layers/matrix',
  'layers/reading',
];

function rank({ moduleId }: TestSpecification): number {
  const found = LONG.findIndex(name => moduleId.endsWith(`/${name}.test.ts`));
  return found < 0 ? LONG.length : found;
}

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const usual = await super.sort(files);
    return usual.sort((a, b) => rank(a) - rank(b));
  }
}
