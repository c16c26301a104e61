/** What the quickstart prints: headings, facts, checks, and a progress bar on a terminal. */
const BAR_WIDTH = 30;

export class Report {
  #checks = 0;
  #failed = 0;
  #bar = '';
  #out;
  #colour;

  constructor(out = process.stdout) {
    this.#out = out;
    this.#colour = out.isTTY && !process.env.NO_COLOR;
  }

  heading(text) {
    this.#line(`\n${this.#paint('1', text)}`);
  }

  fact(text) {
    this.#line(`  ${text}`);
  }

  /** One check: a line with a tick or a cross. */
  check(ok, text) {
    this.#checks++;
    if (!ok) this.#failed++;
    this.#line(`  ${ok ? this.#paint('32', '✓') : this.#paint('31', '✗')} ${text}`);
  }

  /** Redraws the bar. Does nothing if the output is not a terminal. */
  progress(share, text) {
    if (!this.#out.isTTY) return;
    const full = Math.round(Math.min(1, Math.max(0, share)) * BAR_WIDTH);
    this.#clear();
    this.#bar = `  [${'█'.repeat(full)}${'·'.repeat(BAR_WIDTH - full)}] ${text}`;
    this.#out.write(this.#bar);
  }

  /** Prints the verdict and returns the exit code. */
  finish(seconds) {
    const passed = this.#checks - this.#failed;
    const verdict =
      this.#failed === 0 ? this.#paint('32', 'everything agrees') : this.#paint('31', 'something is wrong');
    this.#line(`\n${passed} of ${this.#checks} checks passed, ${verdict} (${seconds.toFixed(0)} s)`);
    return this.#failed === 0 ? 0 : 1;
  }

  #line(text) {
    this.#clear();
    this.#out.write(`${text}\n`);
  }

  #clear() {
    if (this.#bar) this.#out.write(`\r${' '.repeat(this.#bar.length)}\r`);
    this.#bar = '';
  }

  #paint(code, text) {
    return this.#colour ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}

export function size(bytes) {
  if (bytes < 10_000) return `${bytes} B`;
  return bytes < 10_000_000 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

export function percent(share) {
  return `${(share * 100).toFixed(2)} %`;
}
