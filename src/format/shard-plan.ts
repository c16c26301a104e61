/**
 * Decides which tensor goes into which data file, and where. Pure functions that run before any I/O. If there are
 * enough tensors, every shard that the header counts gets at least one (TensorFlow's merge fails on an empty shard).
 */

interface PlanInput {
  /** Stored size. */
  bytes: number;
  /** The shard that the caller asked for. */
  shard?: number | undefined;
}

/** A number of shards; or as many as are needed for at most `maxBytes` each; or chosen by bytes and cores. */
export type ShardPolicy = number | { maxBytes: number } | 'auto';

interface Layout {
  /** The shard of each input. */
  shards: Int32Array;
  /** Offset of each input in its shard, bytes. */
  offsets: Float64Array;
  /** Size of each shard, bytes. */
  shardBytes: Float64Array;
  /** Inputs of each shard, in file order. */
  order: number[][];
}

const AUTO_SHARD_BYTES = 256 * 1024 * 1024;
/** The most totals to try. With more generations on disk at once, something else is wrong. */
const MAX_CANDIDATES = 256;

/**
 * The shard of each input: consecutive inputs go together, balanced by bytes. A shard that a caller asked for is used;
 * then the numbers are closed up so that no shard is empty. `cores` is for 'auto' only.
 */
export function naturalShards(inputs: readonly PlanInput[], policy: ShardPolicy, cores: number): Int32Array {
  const assignment = byPolicy(inputs, policy, cores);
  if (!inputs.some(input => input.shard !== undefined)) return assignment;
  inputs.forEach((input, i) => {
    if (input.shard !== undefined) assignment[i] = input.shard;
  });
  const used = [...new Set(assignment)].sort((a, b) => a - b);
  const compact = new Map(used.map((shard, i) => [shard, i]));
  return assignment.map(shard => compact.get(shard)!);
}

function byPolicy(inputs: readonly PlanInput[], policy: ShardPolicy, cores: number): Int32Array {
  if (typeof policy === 'object') return filled(inputs, policy.maxBytes);
  if (typeof policy === 'number') return balanced(inputs, policy);
  const total = bytesOf(inputs);
  return balanced(inputs, Math.min(2 * cores, Math.ceil(total / AUTO_SHARD_BYTES)));
}

/** Ends a shard before the input that would exceed the limit, as MaxShardSizePolicy does. */
function filled(inputs: readonly PlanInput[], maxBytes: number): Int32Array {
  const assignment = new Int32Array(inputs.length);
  let shard = 0;
  let used = 0;
  inputs.forEach(({ bytes }, i) => {
    if (i > 0 && used + bytes > maxBytes) {
      shard++;
      used = 0;
    }
    used += bytes;
    assignment[i] = shard;
  });
  return assignment;
}

function bytesOf(inputs: readonly PlanInput[]): number {
  let bytes = 0;
  for (const input of inputs) bytes += input.bytes;
  return bytes;
}

/**
 * Divides all bytes evenly, and puts each input where its middle lies. It is moved only if a shard would be empty
 * otherwise.
 */
function balanced(inputs: readonly PlanInput[], wanted: number): Int32Array {
  const count = Math.max(1, Math.min(Math.floor(wanted), inputs.length));
  const assignment = new Int32Array(inputs.length);
  // Most checkpoints have one shard.
  if (count === 1) return assignment;
  const total = bytesOf(inputs);
  let before = 0;
  let shard = 0;
  for (let i = 0; i < inputs.length; i++) {
    const { bytes } = inputs[i]!;
    const middle = before + bytes / 2;
    before += bytes;
    const ideal = total === 0 ? Math.floor((i * count) / inputs.length) : Math.floor((middle / total) * count);
    // Never skip a shard, and leave an input for each shard that is still to come.
    const most = i === 0 ? 0 : shard + 1;
    const least = count - (inputs.length - i);
    shard = Math.max(Math.min(Math.max(ideal, shard), most, count - 1), least);
    assignment[i] = shard;
  }
  return assignment;
}

/**
 * Spreads the same inputs over another total. A total above `natural`: each extra shard takes one input, always the
 * last one of the last shard that has more than one; these inputs keep their order. If there are too few inputs, the
 * last shards stay empty. A total below it: the inputs of all further shards go to the last shard.
 */
export function withTotal(assignment: Int32Array, natural: number, total: number): Int32Array {
  if (total === natural) return assignment;
  if (total < natural) return assignment.map(shard => Math.min(shard, total - 1));
  const members: number[][] = Array.from({ length: natural }, () => []);
  assignment.forEach((shard, i) => {
    members[shard]!.push(i);
  });
  const taken: number[] = [];
  for (let shard = natural - 1; shard >= 0 && taken.length < total - natural; ) {
    const inputs = members[shard]!;
    if (inputs.length > 1) taken.push(inputs.pop()!);
    else shard--;
  }
  const result = assignment.slice();
  taken
    .sort((a, b) => a - b)
    .forEach((input, i) => {
      result[input] = natural + i;
    });
  return result;
}

/**
 * Computes the offsets: the inputs of a shard are packed without padding, in the given order. `assignment` is taken
 * over.
 */
export function layout(inputs: readonly PlanInput[], assignment: Int32Array, total: number): Layout {
  const offsets = new Float64Array(inputs.length);
  const shardBytes = new Float64Array(total);
  const order: number[][] = Array.from({ length: total }, () => []);
  for (let i = 0; i < inputs.length; i++) {
    const shard = assignment[i]!;
    offsets[i] = shardBytes[shard]!;
    shardBytes[shard]! += inputs[i]!.bytes;
    order[shard]!.push(i);
  }
  return { shards: assignment, offsets, shardBytes, order };
}

/**
 * Shard totals in the order in which to try them: natural, + 1, + 2, - 1, + 3, - 2, … There is none with more shards
 * than entries.
 */
export function totalCandidates(natural: number, entries: number): number[] {
  const candidates = [natural];
  const take = (total: number): void => {
    if (total >= 1 && total <= entries && candidates.length < MAX_CANDIDATES) candidates.push(total);
  };
  take(natural + 1);
  for (let distance = 2; distance <= Math.max(entries, natural) && candidates.length < MAX_CANDIDATES; distance++) {
    take(natural + distance);
    take(natural - distance + 1);
  }
  return candidates;
}
