/** Every case, in the order of the report. */
import { crc } from './crc.mjs';
import { delay } from './delay.mjs';
import { load, loadCold, loadTensorFlowFile } from './load.mjs';
import { open1000, open100000, restore100000, save100000 } from './many.mjs';
import { memory } from './memory.mjs';
import { save, saveDurable, saveDurableAuto } from './save.mjs';
import { weightsLoad, weightsSave } from './weights.mjs';

export const cases = [
  saveDurable,
  saveDurableAuto,
  save,
  load,
  loadTensorFlowFile,
  loadCold,
  weightsSave,
  weightsLoad,
  open1000,
  open100000,
  save100000,
  restore100000,
  memory,
  delay,
  crc,
];
