/** Long test files begin first, so that no core idles at the end of a run while the other one is in a long file. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take more than a minute on two cores; measured on one machine, so the order among them is a guess. */
const LONG: readonly string[] = [
  'savedmodel/functions/layers-weightless.deep',
  'savedmodel/functions/layers-convolutions.deep',
  'savedmodel/functions/architectures.deep',
  'savedmodel/functions/layers-recurrent.deep',
  'savedmodel/functions/compositions/compositions.deep',
  'savedmodel/functions/layers-wrappers.deep',
  'savedmodel/functions/layers-nesting.deep',
  'keras/layers.deep',
  'keras/trainings.deep',
  'keras/given.deep',
  'keras/random.deep',
  'keras/published.deep',
  'hdf5/writing.deep',
  'keras/kill.deep',
  'hdf5/hostile.deep',
  'keras/large.deep',
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
