/**
 * Every case, in the order of the report.
 *
 * A case has `contestants(context)`, programs by name, and `rows`. `prepare(context)` is called once, and
 * `before(context, name)` before each process, outside of the measurement. `context` has the `directory` of the case,
 * which is empty at first, the `bytes` of the tensors, `quick`, and `run(program)`, which ends the case if the
 * program is not available; `tryToRun` does not. Further: `places` ('disk' by default, 'tmpfs'),
 * `share` of --size, `turns` if their number is fixed, `seconds` that it may use for turns beyond the least number, if
 * the run has them; `turn`: the seconds of one turn, as seen in a full run; `quick` if it belongs to --quick, and then
 * `quickTurn`; `apart` if blocking time, whole time and memory are shown for each contestant, and `plots(turns, kind)`.
 */
import { background } from './background.mjs';
import { crc } from './crc.mjs';
import { delay } from './delay.mjs';
import { growthCount, growthSize } from './growth.mjs';
import { hugeTensor, sixGigabytes } from './huge.mjs';
import { kerasLarge, kerasMobileNet, kerasNetwork } from './keras-files.mjs';
import { load, loadCold, loadTensorFlowFile } from './load.mjs';
import { machineLimits } from './machine-limits.mjs';
import { many1000, many100000 } from './many.mjs';
import { memory } from './memory.mjs';
import { overwrite } from './overwrite.mjs';
import { save, saveDurable, saveDurableAuto } from './save.mjs';
import { savedModel } from './saved-model.mjs';
import { slices } from './slices.mjs';
import { firstSave, mobileNet, oneTensor, quickstartNetwork, smallNetwork } from './small.mjs';
import { startUp } from './start-up.mjs';
import { strings } from './strings.mjs';
import { transformer } from './transformer.mjs';
import { handler, weightsLoad, weightsSave } from './weights.mjs';

export const cases = [
  smallNetwork,
  mobileNet,
  oneTensor,
  firstSave,
  startUp,
  saveDurable,
  save,
  load,
  weightsSave,
  weightsLoad,
  crc,
  background,
  many1000,
  many100000,
  quickstartNetwork,
  saveDurableAuto,
  overwrite,
  loadTensorFlowFile,
  loadCold,
  handler,
  savedModel,
  kerasNetwork,
  kerasMobileNet,
  kerasLarge,
  strings,
  slices,
  memory,
  delay,
  machineLimits,
  transformer,
  growthSize,
  growthCount,
  hugeTensor,
  sixGigabytes,
];
