/** Long test files begin first, so that no core idles at the end of a run while the other one is in a long file. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The files that CI names as the longest (`.ci/longest-files.mjs`), from about a minute on. */
const LONG: readonly string[] = [
  'package/lives.deep',
  'native/tidy.deep',
  'package/tfjs-node.deep',
  'crash/kill.deep',
  'savedmodel/matrix.deep',
  'native/native.deep',
  'savedmodel/functions/loops-proven.deep',
  'keras/given.deep',
  'training/resume.deep',
  'commit/unsynced.deep',
  'savedmodel/functions/layers-wrappers.deep',
  'savedmodel/functions/layers-recurrent.deep',
  'savedmodel/functions/random-models.deep',
  'savedmodel/turns.deep',
  'keras/layers.deep',
  'keras/trainings.deep',
  'package/runners.deep',
  'package/managers.deep',
  'handlers/lives.deep',
  'keras/random.deep',
  'keras/configs.deep',
  'keras/written-weights.deep',
  'layers/random.deep',
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
