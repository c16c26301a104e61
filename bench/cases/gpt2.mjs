/** The shapes of GPT-2 small's weights, as its checkpoint has them: embeddings, 12 blocks, the last normalization. */
const WIDTH = 768;
const BLOCKS = 12;

const BLOCK = [
  [WIDTH],
  [WIDTH],
  [WIDTH, 3 * WIDTH],
  [3 * WIDTH],
  [WIDTH, WIDTH],
  [WIDTH],
  [WIDTH],
  [WIDTH],
  [WIDTH, 4 * WIDTH],
  [4 * WIDTH],
  [4 * WIDTH, WIDTH],
  [WIDTH],
];

/** All shapes; with fewer `bytes` than the whole model has, a smaller vocabulary and fewer blocks. */
export function gpt2Shapes(bytes = Number.POSITIVE_INFINITY) {
  const share = Math.min(1, bytes / (500 * 2 ** 20));
  const blocks = Math.max(1, Math.round(BLOCKS * share));
  const vocabulary = Math.max(16, Math.round(50257 * share));
  return [[vocabulary, WIDTH], [1024, WIDTH], ...Array(blocks).fill(BLOCK).flat(), [WIDTH], [WIDTH]];
}
