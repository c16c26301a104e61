/** How far a run is: a bar with the time left on a terminal, a line for each case in a pipe. */
const WIDTH = 30;

export class Progress {
  #out;
  #terminal;
  #total;
  #done = 0;
  #started = performance.now();
  #shown = false;

  /** `total`: the seconds that all cases are expected to take. */
  constructor(total, out = process.stdout) {
    this.#total = total;
    this.#out = out;
    this.#terminal = out.isTTY === true;
  }

  /** Called before each process. `part` of the current case, between 0 and 1, is done; it takes `expected` seconds. */
  step(text, part, expected) {
    if (!this.#terminal) return;
    const share = (this.#done + Math.min(1, part) * expected) / Math.max(1, this.#total);
    this.clear();
    const columns = (this.#out.columns ?? 120) - 1;
    this.#out.write(bar(share, (performance.now() - this.#started) / 1000, text).slice(0, columns));
    this.#shown = true;
  }

  /** A case has ended. */
  end(expected) {
    this.#done += expected;
    this.clear();
  }

  clear() {
    if (this.#shown) this.#out.write('\r\x1b[K');
    this.#shown = false;
  }

  line(text) {
    this.clear();
    this.#out.write(`${text}\n`);
  }
}

/** The bar as text. The time left is what the share that is done took, for the share that is not. */
export function bar(share, elapsed, text) {
  const done = Math.min(1, Math.max(0, share));
  const full = Math.round(done * WIDTH);
  const left = done < 0.01 ? 'time left: not known yet' : `${duration((elapsed / done) * (1 - done))} left`;
  return `[${'█'.repeat(full)}${'·'.repeat(WIDTH - full)}] ${Math.floor(done * 100)} %, ${left}  ${text}`;
}

export function duration(seconds) {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
