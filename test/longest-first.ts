/** Long test files begin first, so that no core idles at the end of a run while the other one is in a long file. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The files that CI names as the longest (`.ci/longest-files.mjs`), from about a minute on. */
const LONG: readonly string[] = [
  'package/lives.deep',
  'savedmodel/directory-errors.deep',
  'native/tidy.deep',
  'bundle/taken-buffers.deep',
  'savedmodel/functions/layers-recurrent.deep',
  'native/native.deep',
  'savedmodel/functions/layers-wrappers.deep',
  'keras/layers.deep',
  'package/managers.deep',
  'keras/large.deep',
  'package/tfjs-node.deep',
  'keras/given.deep',
  'savedmodel/functions/random-models.deep',
  'training/resume.deep',
  'keras/random.deep',
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
