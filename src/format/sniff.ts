/**
 * Recognizes, by its first bytes, a file that was given as a checkpoint index and is not one. So the error can say what
 * the file is, and not only what it is not.
 */
import { TextDecoder } from 'node:util';

const SIGNATURES: readonly [readonly number[], string][] = [
  [[0x89, 0x48, 0x44, 0x46], 'an HDF5 file (of Keras: loadWeights and loadModel of tensorbundle/tfjs read it)'],
  [[0x50, 0x4b, 0x05, 0x06], 'an empty zip archive'],
  [[0x1f, 0x8b], 'a gzip file'],
  [[0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59], 'a NumPy file'],
  [[0x80, 0x02], 'a Python pickle'],
  [[0x80, 0x04], 'a Python pickle'],
  [[0x7f, 0x45, 0x4c, 0x46], 'an executable'],
  [[0x6d, 0x6f, 0x64, 0x65, 0x6c, 0x5f, 0x63, 0x68], 'a `checkpoint` state file'],
  [[0x7b], 'JSON text (perhaps the model.json of TensorFlow.js)'],
  [[0x3c], 'XML or HTML text'],
];

const ZIP = [0x50, 0x4b, 0x03, 0x04];
/** 'TFL3', which follows the offset of the root table. */
const TFLITE = [0x54, 0x46, 0x4c, 0x33];

/** What the bytes look like, or null. */
export function recognize(bytes: Uint8Array): string | null {
  // safetensors begins with the length of a JSON header as 8 bytes, then has the header.
  if (bytes.length > 8 && bytes[8] === 0x7b && bytes[6] === 0 && bytes[7] === 0) return 'a safetensors file';
  if (startsWith(bytes, ZIP)) return recognizeArchive(bytes);
  if (startsWith(bytes.subarray(4), TFLITE)) return 'a TensorFlow Lite model';
  for (const [signature, name] of SIGNATURES) {
    if (startsWith(bytes, signature)) return name;
  }
  return null;
}

/** By the name of the first member. It follows a header of 30 bytes, which holds the length of the name. */
function recognizeArchive(bytes: Uint8Array): string {
  const length = (bytes[26] ?? 0) | ((bytes[27] ?? 0) << 8);
  const member = new TextDecoder().decode(bytes.subarray(30, 30 + length));
  if (member.endsWith('.npy')) return 'an archive of NumPy arrays (.npz)';
  if (/(^|\/)(metadata|config)\.json$|\.weights\.h5$/.test(member))
    return 'a .keras file of Keras (loadModel and loadWeights of tensorbundle/tfjs read it)';
  if (/\/(data\.pkl|version|byteorder|\.format_version|\.data\/.*)$/.test(member)) return 'a PyTorch file';
  return 'a zip archive';
}

function startsWith(bytes: Uint8Array, signature: readonly number[]): boolean {
  return signature.every((byte, i) => bytes[i] === byte);
}
