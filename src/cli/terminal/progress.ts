/** A progress bar on standard error. Shows nothing if that is not a terminal. */
import { now } from '../../clock.js';
import type { Output } from './output.js';
import { humanBytes } from './style.js';

/** The parts of the library's Progress that the bar needs. */
interface Step {
  phase: string;
  bytes: number;
  totalBytes: number;
}

const REDRAW_MS = 100;

/** Leaves room for the text in a terminal of 80 columns. */
const BAR_CELLS = 16;

/** A line shorter than `width`: bar, percentage, label, bytes, speed, time left. */
export function progressLine(label: string, step: Step, elapsedMs: number, width: number): string {
  const share = step.totalBytes > 0 ? Math.min(1, step.bytes / step.totalBytes) : 1;
  const filled = Math.round(share * BAR_CELLS);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_CELLS - filled);
  const perSecond = elapsedMs > 0 ? (step.bytes * 1000) / elapsedMs : 0;
  const left = perSecond > 0 ? Math.ceil((step.totalBytes - step.bytes) / perSecond) : null;
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  const amount = `${humanBytes(step.bytes)} of ${humanBytes(step.totalBytes)}`;
  const pace = left === null ? '' : `  ${humanBytes(perSecond)}/s  ${left} s left`;
  const line = `${bar} ${percent}  ${label}  ${amount}${pace}`;
  // A line that wraps could not be erased by one carriage return.
  return line.length < width ? line : line.slice(0, Math.max(0, width - 1));
}

export class ProgressBar {
  readonly #started = now();
  #drawn = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly output: Output,
    private readonly label: string,
  ) {}

  /** For the option `onProgress`. */
  readonly update = (step: Step): void => {
    const width = this.output.progressColumns;
    const time = now();
    if (width === null || time - this.#drawn < REDRAW_MS) return;
    this.#drawn = time;
    const label = step.phase === this.label ? this.label : `${this.label} (${step.phase})`;
    this.output.redraw(progressLine(label, step, time - this.#started, width));
  };

  /** Removes the bar. Must be called before anything else is printed, also after a failure. */
  clear(): void {
    if (this.#drawn > Number.NEGATIVE_INFINITY) this.output.redraw('');
    this.#drawn = Number.NEGATIVE_INFINITY;
  }
}
