/** The Python of the tests: a script in it is like a script in a Python of its own. */
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterAll, expect, test } from 'vitest';
import { PythonProcess, runPython } from './python.js';

const directory = realpathSync(mkdtempSync(join(tmpdir(), 'tensorbundle python ')));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('a script has its arguments, its input, its folder and its environment, and gives what it prints', async () => {
  const code = [
    'import json, os, sys',
    "print(json.dumps([sys.argv, sys.stdin.read(), os.getcwd(), os.environ['ONE'], __name__, 'TWO' in os.environ]))",
    "os.environ['TWO'] = '2'",
  ].join('\n');
  const ask = async (): Promise<unknown> =>
    JSON.parse(await runPython({ code }, ['ä b', ''], { input: 'in', cwd: directory, env: { ONE: '1' } }));
  const expected = [['-c', 'ä b', ''], 'in', directory, '1', '__main__', false];
  // TensorFlow looks at this one when it is imported.
  const legacy = { code: 'from tensorflow.keras import Sequential\nprint(Sequential.__module__)' };
  expect(await runPython(legacy, [], { env: { TF_USE_LEGACY_KERAS: '1' } })).toMatch(/^tf_keras\./);
  // What the first did to its process is nothing to the next.
  expect([await ask(), await ask()]).toEqual([expected, expected]);
});

test('a script that fails, however it does, is a failure', async () => {
  const fail = (code: string): Promise<string> => runPython({ code });
  await expect(fail('1 / 0')).rejects.toThrow(/ended \(1\).*ZeroDivisionError/s);
  await expect(fail('1 /')).rejects.toThrow(/ended \(1\).*SyntaxError/s);
  await expect(fail('import sys; sys.exit(3)')).rejects.toThrow('ended (3)');
  await expect(fail("import sys; sys.exit('so it is')")).rejects.toThrow(/ended \(1\)\nso it is/);
  await expect(fail('import os; os.abort()')).rejects.toThrow('ended (SIGABRT)');
  await expect(fail('import os; os._exit(0)')).resolves.toBe('');
  await expect(runPython(join(directory, 'absent.py'))).rejects.toThrow(/ended \(1\).*absent\.py/s);
  expect(await fail('print(1)')).toBe('1\n');
});

test('a script that hangs is ended, with what it has started', async () => {
  const file = join(directory, 'beats');
  const beat = `['sh', '-c', 'while :; do : > "$0"; sleep 0.01; done', ${JSON.stringify(file)}]`;
  const code = `import subprocess; subprocess.run(${beat})`;
  // A busy machine may take longer to start it than the time that it is given.
  for (let timeout = 500; !existsSync(file) && timeout <= 32_000; timeout *= 2) {
    await expect(runPython({ code }, [], { timeout })).rejects.toThrow(`is not ready after ${timeout} ms`);
  }
  expect(existsSync(file)).toBe(true);
  rmSync(file);
  await new Promise(resolve => setTimeout(resolve, 100));
  expect(existsSync(file)).toBe(false);
});

test('two at once, which answer in turn', async () => {
  const code = 'import sys\nfor line in sys.stdin: print(int(line) * 2, flush=True)\nprint("end", file=sys.stderr)';
  const both = [0, 1].map(() => {
    const child = new PythonProcess({ code });
    return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator]() };
  });
  for (const [i, { child, lines }] of [...both, ...both].entries()) {
    child.stdin.write(`${i}\n`);
    expect(await lines.next()).toEqual({ done: false, value: `${2 * i}` });
  }
  for (const { child, lines } of both) {
    child.stdin.end();
    expect(await lines.next()).toMatchObject({ done: true });
    expect(await Promise.all([text(child.stderr), child.ended])).toEqual(['end\n', { code: 0 }]);
  }
});
