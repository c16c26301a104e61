/**
 * Standard output and standard error for the commands. If the reader closes the pipe (`| head -1`), that is not a
 * failure: later output is dropped and the command runs to its end, so that a closed pipe never cuts a copy short and
 * the exit code stays correct. Everything is printed through this class and `painted`, so that no text from a file can
 * control a terminal.
 */
import { randomUUID } from 'node:crypto';
import { EXIT } from './failure.js';
import { visible, visibleJson } from './printable.js';
import { makeStyle, painted, type Style, wantsColour } from './style.js';

/** The part of a stream that is needed here; process.stdout and process.stderr have it. */
interface Sink {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): boolean;
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
}

export class Output {
  /** For standard output. */
  readonly style: Style;
  /** For standard error. */
  readonly errorStyle: Style;
  readonly #closed = new Set<Sink>();

  constructor(
    private readonly out: Sink,
    private readonly err: Sink,
    environment: Readonly<Record<string, string | undefined>>,
    /** Called when a stream cannot be written for another reason than a closed pipe. */
    failed: (error: NodeJS.ErrnoException) => void,
  ) {
    this.style = makeStyle(wantsColour(out.isTTY === true, environment));
    this.errorStyle = makeStyle(wantsColour(err.isTTY === true, environment));
    for (const sink of [out, err]) {
      sink.on('error', error => {
        this.#closed.add(sink);
        if (error.code !== 'EPIPE') failed(error);
      });
    }
  }

  static ofProcess(): Output {
    return new Output(process.stdout, process.stderr, process.env, error => {
      // The stream reports the error later, perhaps after the command has ended. main.ts keeps the larger exit code.
      process.exitCode = EXIT.io;
      process.stderr.write(`error: cannot write the output: ${visible(error.message)}\n`);
    });
  }

  get isTerminal(): boolean {
    return this.out.isTTY === true;
  }

  /** Columns of the terminal that shows progress; null if progress is not shown. */
  get progressColumns(): number | null {
    // A pseudo-terminal whose size was not set has 0 columns.
    return this.err.isTTY === true ? this.err.columns || 80 : null;
  }

  write(text: string): void {
    this.#print(this.out, painted(text));
  }

  error(text: string): void {
    this.#print(this.err, painted(text));
  }

  /**
   * A line for programs to use. A pipe gets the text unchanged; on a terminal, unsafe characters are shown as codes.
   */
  line(text: string): void {
    this.#print(this.out, `${this.isTerminal ? visible(text) : text}\n`);
  }

  /** Replaces the last line on standard error, which `redraw` must have written; '' only removes it. */
  redraw(line: string): void {
    this.#print(this.err, `\r\u001b[K${painted(line)}`);
  }

  #print(sink: Sink, text: string): void {
    if (!this.#closed.has(sink)) sink.write(text);
  }

  /** One JSON value: indented on a terminal, on one line otherwise. Invisible characters are written as codes. */
  json(value: unknown): void {
    // JSON has -0, but JSON.stringify writes it as 0. The mark is random, so it cannot occur in a value.
    const mark = randomUUID();
    const replace = (_key: string, each: unknown): unknown => (Object.is(each, -0) ? mark : each);
    const text = JSON.stringify(value, replace, this.isTerminal ? 2 : undefined);
    this.#print(this.out, `${visibleJson(text.replaceAll(`"${mark}"`, '-0'))}\n`);
  }
}
