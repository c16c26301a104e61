/** A file that Keras wrote, open for reading. */
import '../../../disposal.js';
import type { Hdf5File } from '../../../hdf5/hdf5-file.js';

/** Keras's JSON, as text. */
export interface Architecture {
  readonly config: string;
  /** How the model was compiled, where `config` does not say it. */
  readonly training?: string | undefined;
  /** Of Keras, which saved it. */
  readonly version?: string | undefined;
  /** What is there, but is not read. */
  readonly ignored?: string | undefined;
}

/** Close it after use. */
export interface KerasFile extends AsyncDisposable {
  readonly path: string;
  /** Of all weights, and of what is around them. */
  readonly bytes: number;
  /** Null if it holds only weights. */
  architecture(): Promise<Architecture | null>;
  /** Checked as far as the form can be: a `.keras` by its CRC. Closes with the file. */
  weights(): Promise<Hdf5File>;
  /** What ModelCheckpoint stored about the best value of a metric; null if it did not. */
  best(): Promise<string | null>;
}

/** Last opened, first closed. */
export async function closeAll(opened: AsyncDisposable[]): Promise<void> {
  for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]();
}
