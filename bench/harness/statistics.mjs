/** Median, spread, and the confidence interval of a median. */

export function spread(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const [min, q1, median, q3, max] = [0, 0.25, 0.5, 0.75, 1].map(share => quantile(sorted, share));
  return { median, min, q1, q3, max };
}

export const median = values => spread(values).median;

/**
 * The 95 % confidence interval of the median by order statistics: the narrowest pair of values, as far from the one
 * end as from the other, between which the true median lies with at least that probability. It assumes nothing about
 * how the values are distributed. With fewer than 6 values no pair is that sure: `confidence` then says how sure the
 * smallest and the largest are.
 */
export function interval(values, wanted = 0.95) {
  const sorted = values.toSorted((a, b) => a - b);
  const count = sorted.length;
  let outside = 0;
  let best = { low: sorted[0], high: sorted.at(-1), confidence: Math.max(0, 1 - 2 ** (1 - count)) };
  // `outside` is the probability that the median lies below the value at `i` (from 0).
  for (let i = 0; 2 * i < count - 1; i++) {
    outside += probability(count, i);
    const confidence = 1 - 2 * outside;
    if (confidence < wanted) break;
    best = { low: sorted[i], high: sorted[count - 1 - i], confidence };
  }
  return best;
}

/** Half of the interval, relative to the median: 0.05 is "± 5 %". Infinite if the interval is not sure enough. */
export function uncertainty(values) {
  const { low, high, confidence } = interval(values);
  if (confidence < 0.95) return Number.POSITIVE_INFINITY;
  const middle = Math.abs(median(values));
  return middle === 0 ? 0 : (high - low) / 2 / middle;
}

/** Of `count` values, exactly `below` lie below the true median: binomial with one half. */
function probability(count, below) {
  let result = 0.5 ** count;
  for (let i = 1; i <= below; i++) result *= (count - below + i) / i;
  return result;
}

function quantile(sorted, share) {
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.ceil(at);
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}
