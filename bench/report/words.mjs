/** How figures, goals and properties are written in the tables. */

export function number(value) {
  if (!Number.isFinite(value)) return '-';
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0);
  return size >= 0.1 || size === 0 ? String(Number(value.toPrecision(3))) : value.toPrecision(2);
}

/** A row's texts, for any table. */
export const rowTexts = row => ({
  title: row.title,
  amount: amountText(row),
  interval: intervalText(row),
  spread: spreadText(row),
  goal: goalText(row),
  verdict: verdictText(row),
  verifies: whoText(row.sides, 'verifies'),
  syncs: whoText(row.sides, 'syncs'),
  sides: row.sides.map(sideText).join(', '),
});

/** The texts of what a contestant costs. */
export const costTexts = ({ blockingSeconds, seconds, peakRssBytes }) => ({
  blocks: timeText(blockingSeconds),
  takes: timeText(seconds),
  memory: bytesText(peakRssBytes),
});

/** "2.24 x" */
const amountText = ({ median, unit }) => `${number(median)} ${unit}`;

/** The confidence interval of the median; with few turns only the smallest and the largest value. */
function intervalText({ low, high, confidence }) {
  const sure = confidence >= 0.95 ? '' : ` (${Math.round(confidence * 100)} %)`;
  return `${number(low)} to ${number(high)}${sure}`;
}

const spreadText = ({ min, max }) => `${number(min)} to ${number(max)}`;

function goalText({ goal, better }) {
  return goal === undefined ? '' : `${better === 'more' ? '>=' : '<='} ${goal}`;
}

/** "reached", or "missed"; "close" if the goal lies in the interval, so another run may decide otherwise. */
function verdictText({ verdict, goal, low, high, pairs }) {
  const close = goal !== undefined && pairs > 1 && low < goal && goal < high;
  if (verdict === 'no goal') return '';
  return close ? `${verdict}, close` : verdict;
}

/** Speed of a side, or its time if there are no bytes. */
function sideText({ name, seconds, gigabytesPerSecond }) {
  if (gigabytesPerSecond !== undefined && seconds > 0.05) return `${name} ${number(gigabytesPerSecond)} GB/s`;
  return seconds === undefined ? name : `${name} ${timeText(seconds)}`;
}

export function timeText(seconds) {
  if (seconds === undefined) return '-';
  return seconds >= 1 ? `${number(seconds)} s` : `${number(seconds * 1000)} ms`;
}

/** Which sides check or store checksums, or have everything on the disk at the end: "ours: yes, raw: no". */
function whoText(sides, property) {
  // Where this library has nothing to verify or to sync, the question does not arise.
  if (sides[0]?.[property] === undefined) return '';
  return sides
    .filter(side => side[property] !== undefined && side[property] !== null)
    .map(side => `${side.name}: ${side[property] ? 'yes' : 'no'}`)
    .join(', ');
}

const bytesText = bytes => (bytes === undefined ? '-' : `${number(bytes / 2 ** 20)} MiB`);

export const turnsText = ({ length }) => `${length} ${length === 1 ? 'turn' : 'turns'}`;

const ENDS = {
  time: 'more turns would have taken too long',
  turns: 'the largest number of turns',
  fixed: 'a fixed number of turns',
  plan: 'fewer turns than wanted: the time of the whole run did not allow more',
};

/** Why a case has no more turns; nothing if its ratios are sure enough. */
export const endText = ended => ENDS[ended];
