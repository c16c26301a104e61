/**
 * Turns what callers give as a path into a path. Every public function that takes a path uses `pathOf`; functions that
 * save under it use `savePathOf`. The result is plain text of the local file system.
 *
 * A text is a URL if it begins with `scheme://`, as in TensorFlow (core/platform/path.cc, ParseURI) and in Node's own
 * `fs`: `C:x`, `gs:/x` and `file:x` are names of files.
 */
import { fileURLToPath, URL as NodeURL } from 'node:url';
import { invalidArgument, TensorBundleError } from '../errors.js';

/** A path of the local file system, or a `file:` URL as text or as an object. */
export type PathLike = string | URL;

/**
 * What other programs write under names with such endings. A checkpoint with such a name would not be what the name
 * says.
 */
const OTHER_FORMATS: Readonly<Record<string, string>> = {
  '.h5': 'an HDF5 file of Keras',
  '.hdf5': 'an HDF5 file of Keras',
  '.keras': 'a .keras file of Keras',
  '.safetensors': 'a safetensors file',
  '.npz': 'an archive of NumPy arrays',
  '.npy': 'a NumPy array',
  '.pt': 'a PyTorch file',
  '.pth': 'a PyTorch file',
  '.onnx': 'an ONNX model',
  '.tflite': 'a TensorFlow Lite model',
  '.pb': "a SavedModel's or graph's protocol buffer",
  '.json': 'the model.json of TensorFlow.js',
};

/**
 * The local path that is meant. Throws ERR_NOT_SUPPORTED for a scheme other than `file`. Throws ERR_INVALID_ARGUMENT
 * for a value that is not a path (a forgotten argument, a Promise that was not awaited), and for a `file:` URL that
 * does not name a local file.
 */
export function pathOf(given: unknown): string {
  if (typeof given === 'string') return fromText(given);
  if (isUrl(given)) return fromUrl(given.href, given.protocol);
  const found = given === null ? 'null' : typeof given;
  throw invalidArgument(`a path must be a string or a file: URL, not ${found}`, { found });
}

/** As `pathOf`, for a path to save under. Also throws ERR_NOT_SUPPORTED for the name of a file in another format. */
export function savePathOf(given: unknown, form: 'checkpoint' | 'savedmodel' = 'checkpoint'): string {
  const path = pathOf(given);
  checkEnding(path, form);
  return path;
}

/** The scheme, in lower case, of a text that is a URL; else null. */
export function schemeOf(text: string): string | null {
  if (!text.includes('://')) return null;
  return /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase() ?? null;
}

/** Checks the ending in any case: `model.H5` means an HDF5 file too. */
function checkEnding(path: string, form: 'checkpoint' | 'savedmodel'): void {
  const base = /[^/]*$/.exec(path)![0];
  const ending = /\.[^.]*$/.exec(base)?.[0] ?? '';
  const format = Object.hasOwn(OTHER_FORMATS, ending.toLowerCase()) ? OTHER_FORMATS[ending.toLowerCase()] : undefined;
  if (format === undefined) return;
  // 'model.weights.h5' is Keras's name for a file that holds only weights.
  const stem = base.slice(0, -ending.length).replace(/\.weights$/i, '') || 'model';
  const instead = `${path.slice(0, -base.length)}${stem}`;
  const isCheckpoint = form === 'checkpoint';
  const what = isCheckpoint
    ? `a TensorFlow checkpoint (${instead}.index and data files)`
    : 'a SavedModel (a directory)';
  throw new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `'${path}' is the name of ${format}, but a save writes ${what}; leave the ending out: '${instead}'`,
    { path, expected: instead, found: ending },
  );
}

function fromText(text: string): string {
  const scheme = schemeOf(text);
  return scheme === null ? text : fromUrl(text, `${scheme}:`);
}

function fromUrl(text: string, protocol: string): string {
  if (protocol === 'file:') return fromFileUrl(text);
  const scheme = protocol.slice(0, -1);
  throw new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `file system scheme '${scheme}' is not supported (${text}): paths are local. ${adviceFor(scheme)}`,
    { path: text, expected: 'file', found: scheme },
  );
}

function adviceFor(scheme: string): string {
  if (scheme === 'ckpt')
    return "ckpt:// is for TensorFlow.js's own model.save and tf.loadLayersModel; give the path behind it here";
  if (scheme === 'http' || scheme === 'https') return 'Download the files first, and give the path of the copy';
  return 'Give a local path, and copy the files from or to there, or mount the store as a directory';
}

/**
 * As Node's fileURLToPath, but throws for URLs that Node silently changes: each would name another file than the caller
 * meant.
 */
function fromFileUrl(text: string): string {
  if (/[?#\t\n\r]/.test(text))
    throw invalidArgument(
      `${text}: a file URL cannot hold '?', '#' or line ends as they are; encode them (pathToFileURL of node:url does)`,
      { path: text },
    );
  try {
    return fileURLToPath(new NodeURL(text));
  } catch (cause) {
    const isHost = (cause as { code?: unknown }).code === 'ERR_INVALID_FILE_URL_HOST';
    const host = /^[^:]*:\/\/([^/]*)/.exec(text)?.[1];
    const why = isHost
      ? `it names the host '${host}', but files are local; a file URL has three slashes and an absolute path ` +
        `(file:///home/…), and a relative path is given as it is`
      : 'its path is not well formed; encode it (pathToFileURL of node:url does)';
    throw invalidArgument(`${text} is not the URL of a local file: ${why}`, { path: text, cause });
  }
}

/** Also accepts a URL of another realm (a vm context, a test runner). */
function isUrl(value: unknown): value is URL {
  if (typeof value !== 'object' || value === null) return false;
  const { href, protocol } = value as Partial<URL>;
  return typeof href === 'string' && typeof protocol === 'string';
}
