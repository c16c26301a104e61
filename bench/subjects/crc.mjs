/** Measures the speed of each CRC32C kernel in GB/s. Uses the native binding, below the public API. */
import { native } from '../../dist/binding.js';
import { answer } from './measured.mjs';

const BUFFER = 256 * 1024;
const SECONDS = 0.25;

function speed(kernel) {
  native.selectCrc32cKernel(kernel);
  const data = new Uint8Array(BUFFER).fill(171);
  let best = 0;
  for (let attempt = 0; attempt < 4; attempt++) {
    const started = performance.now();
    let rounds = 0;
    let elapsed = 0;
    while (elapsed < SECONDS / 4) {
      for (let i = 0; i < 16; i++) native.crc32c(data);
      rounds += 16;
      elapsed = (performance.now() - started) / 1000;
    }
    best = Math.max(best, (rounds * BUFFER) / elapsed / 1e9);
  }
  return best;
}

answer({ kernels: Object.fromEntries(native.crc32cKernels().map(kernel => [kernel, speed(kernel)])) });
