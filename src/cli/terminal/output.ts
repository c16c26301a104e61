/**
 * Standard output and standard error as the commands see them. A reader that goes away (`| head -1`) is no failure:
 * what comes later is dropped in silence while the command runs to its end, so that a copy is never cut short by a
 * closed pipe and the exit code stays true. Whatever is printed goes through here, and through `painted`: nothing that
 * comes from a file steers a terminal.
 */
import { randomUUID } from 'node:crypto';
import { EXIT } from './failure.js';
import { visible, visibleJson } from './printable.js';
import { makeStyle, painted, type Style, wantsColour } from './style.js';

/** The part of a stream that is needed here; process.stdout and process.stderr are such. */
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
    /** Told once a stream cannot be written for a reason other than its reader's leave. */
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
      // The stream reports after the write returned, so perhaps after the command did: main.ts keeps the larger code.
      process.exitCode = EXIT.io;
      process.stderr.write(`error: cannot write the output: ${visible(error.message)}\n`);
    });
  }

  get isTerminal(): boolean {
    return this.out.isTTY === true;
  }

  /** Columns of the terminal that shows progress; null where progress is not to be shown. */
  get progressColumns(): number | null {
    // A pseudo-terminal that nobody sized has 0 columns.
    return this.err.isTTY === true ? this.err.columns || 80 : null;
  }

  write(text: string): void {
    this.#print(this.out, painted(text));
  }

  error(text: string): void {
    this.#print(this.err, painted(text));
  }

  /**
   * A line for programs to use: a pipe gets it as it is, whatever characters it has. A terminal gets what it can show.
   */
  line(text: string): void {
    this.#print(this.out, `${this.isTerminal ? visible(text) : text}\n`);
  }

  /** In place of the last line on standard error, which was one of these; '' only removes it. */
  redraw(line: string): void {
    this.#print(this.err, `\r\u001b[K${painted(line)}`);
  }

  #print(sink: Sink, text: string): void {
    if (!this.#closed.has(sink)) sink.write(text);
  }

  /** One JSON value: indented for a person, on one line for a program; what is not to be seen is told by its code. */
  json(value: unknown): void {
    // JSON has -0, JSON.stringify writes it as 0. The mark cannot occur in a value: nobody knew it before.
    const mark = randomUUID();
    const replace = (_key: string, each: unknown): unknown => (Object.is(each, -0) ? mark : each);
    const text = JSON.stringify(value, replace, this.isTerminal ? 2 : undefined);
    this.#print(this.out, `${visibleJson(text.replaceAll(`"${mark}"`, '-0'))}\n`);
  }
}
