/** What the benchmark shows: progress, the table, Markdown and the plots. */
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { bar, duration, Progress } from '../../bench/harness/progress.mjs';
import { evaluate, speed } from '../../bench/harness/rows.mjs';
import { barPlot } from '../../bench/plots/bars.mjs';
import { growthPlot } from '../../bench/plots/growth.mjs';
import { markdown } from '../../bench/report/markdown.mjs';
import { caseLines, isBad, summaryLines } from '../../bench/report/table.mjs';

const turns = [2.1, 2.2, 2.3].map(ratio => ({
  ours: { seconds: 1, bytes: 3e9, verifies: true, syncs: true },
  peer: { seconds: ratio, bytes: 3e9, verifies: true, syncs: false },
  gone: { unavailable: 'no wheel | here' },
}));
const rows = evaluate(
  {
    rows: [
      speed('save / peer', 'ours', 'peer', { goal: 2 }),
      speed('save / peer again', 'ours', 'peer', { goal: 2.25 }),
      speed('save / gone', 'ours', 'gone', { goal: 1 }),
    ],
  },
  turns,
  'disk',
);
const costs = [
  { name: 'ours', blockingSeconds: 0.001, seconds: 1, peakRssBytes: 2 ** 20, verifies: true, syncs: true },
];
const record = { key: 'save', what: 'saves', how: 'with care', turns, seconds: 70, ended: 'time', rows, costs };
const left = { key: 'huge', what: 'takes long', turns: [], seconds: 0, left: 'the 55 minutes of this run were over' };

test('the table says ratio, interval, pairs, goal, verdict, who verifies and who syncs', () => {
  const text = stripVTControlCharacters(caseLines(record).join('\n'));
  expect(text).toContain('with care; 3 turns in 1 min (more turns would have taken too long)');
  expect(text).toMatch(/save \/ peer +2\.2 x \[2\.1 to 2\.3 \(75 %\)\] +>= 2 +reached +ours 3 GB\/s, peer 1\.36 GB\/s/);
  expect(text).toContain('pairs: 3; verifies: ours: yes, peer: yes; syncs: ours: yes, peer: no');
  expect(text).toMatch(/save \/ peer again .*>= 2\.25 +missed, close/);
  expect(text).toMatch(/save \/ gone +not here: no wheel \| here/);
  expect(text).toMatch(/ours +blocks 1 ms, takes 1 s, peak memory beyond the model 1 MiB/);
  expect(stripVTControlCharacters(caseLines(left).join('\n'))).toContain(
    'left out: the 55 minutes of this run were over',
  );
});

test('the summary counts goals, and names what is missed, failed or left out', () => {
  const failed = { ...record, key: 'other', rows: [{ ...rows[2], failed: true }] };
  expect(summaryLines([record, failed, left])).toEqual([
    '\n1 of 2 goals reached',
    '  missed: save: save / peer again, 2.2 x (goal >= 2.25)',
    '  failed: other: save / gone',
    '  left out: huge: the 55 minutes of this run were over',
  ]);
  expect([record, failed, left, { ...record, rows: [rows[0], rows[2]] }].map(one => isBad(one as object))).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

test('Markdown: the environment, a table for each case, and the plots', () => {
  const machine = {
    tensorbundle: '1.2.3',
    node: 'v20',
    processor: 'P',
    flags: ['avx2'],
    cores: 2,
    memoryGiB: 24,
    kernel: '6',
    disk: { name: 'ext4', options: 'rw' },
    load: [0.5],
    tfjsNode: '4.22.0',
    peers: [
      { name: 'torch', unavailable: 'no wheel' },
      { name: 'raw', versions: { 'g++': '13' } },
    ],
  };
  const options = { size: 1024, pairs: 9, quick: false };
  const text = markdown({ machine, options, cases: [record, left], notes: ['a note'] }, [
    { title: 'T', path: 'p.svg' },
  ]);
  for (const part of ['torch: not here, because no wheel', 'raw: g++ 13', 'ext4 (rw)', '- a note', '![T](p.svg)'])
    expect(text).toContain(part);
  expect(text).toContain('| save / peer | 2.2 x | 2.1 to 2.3 (75 %) | 2.1 to 2.3 | 3 | >= 2 | reached |');
  expect(text).toContain('not here: no wheel \\| here');
  const columns = text
    .split('\n')
    .filter(line => line.startsWith('| save'))
    .map(line => line.split(/(?<!\\)\|/).length);
  // The table of goals, and the one of the case.
  expect(new Set(columns)).toEqual(new Set([8, 12]));
});

test('the time left: unknown at first, then what the finished share took', () => {
  expect(bar(0, 5, 'save')).toContain('0 %, time left: not known yet  save');
  expect(bar(0.25, 30, 'save')).toMatch(/^\[█{8}·{22}\] 25 %, 2 min left {2}save$/);
  expect(bar(2, 30, '')).toContain('100 %, 0 s left');
  expect([5, 90, 3600, 5400].map(duration)).toEqual(['5 s', '2 min', '1 h 0 min', '1 h 30 min']);
});

test('a bar on a terminal, plain lines in a pipe', () => {
  const shown = (isTTY: boolean): string => {
    const written: string[] = [];
    const progress = new Progress(100, { isTTY, columns: 60, write: (text: string) => written.push(text) } as never);
    progress.step('save: turn 1, ours', 0.5, 20);
    progress.end(20);
    progress.line('done');
    return written.join('');
  };
  expect(shown(false)).toBe('done\n');
  expect(shown(true)).toMatch(/^\[█{3}·{27}\] 10 %, .*\r.\[Kdone\n$/s);
});

/** Every tag is closed, in the right order, and every attribute is quoted. */
function wellFormed(svg: string): boolean {
  const open: string[] = [];
  const rest = svg.replace(/<(\/?)([a-z]+)((?: [a-zA-Z0-9-]+="[^"<>]*")*)(\/?)>/g, (_, end, name, __, empty) => {
    if (end && open.pop() !== name) open.push('wrong', 'wrong');
    if (!end && !empty) open.push(name);
    return '';
  });
  return open.length === 0 && !/[<>]/.test(rest) && !/NaN|undefined|Infinity/.test(svg);
}

test('plots are well-formed SVG with colours for light and dark screens', () => {
  const bars = barPlot({
    title: 'a < b & "c"',
    axis: 'x',
    origin: 1,
    bars: [
      { name: 'faster', median: 6, low: 5, high: 7, goal: 5, better: 'more' },
      { name: 'slower', median: 0.5, low: 0.4, high: 0.9, goal: undefined, better: 'more' },
    ],
  });
  const point = (x: number) => ({ x, median: x / 10, min: x / 20, max: x / 5 });
  const growth = growthPlot({
    title: 'growth',
    x: 'MiB',
    y: 'ms',
    series: [
      { name: 'ours', points: [1, 64, 6144].map(point) },
      { name: 'one', points: [point(1)] },
    ],
  });
  for (const svg of [bars, growth]) {
    expect(wellFormed(svg)).toBe(true);
    expect(svg).toContain('prefers-color-scheme: dark');
  }
  expect(bars).toContain('a &lt; b &amp; &quot;c&quot;');
  // The faster bar begins where the slower one ends: at 1.
  const [faster, slower] = [...bars.matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)].map(found => ({
    from: Number(found[1]),
    to: Number(found[1]) + Number(found[2]),
  }));
  expect(faster?.from).toBeCloseTo(slower!.to, 1);
});
