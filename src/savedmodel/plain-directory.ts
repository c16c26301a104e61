import { Directory } from '../storage/directory.js';

interface Staged {
  readonly path: string;
  writeFile(name: string, bytes: Uint8Array): Promise<void>;
  makeDirectory(name: string): Promise<void>;
}
export async function saveDirectory(path: string, _o: object, write: (staged: Staged) => Promise<void>): Promise<void> {
  const d = await Directory.create(path);
  try {
    await write({
      path,
      makeDirectory: async name => {
        await (await Directory.create(`${path}/${name}`)).close();
      },
      writeFile: async (name, bytes) => {
        await d.remove(name).catch(() => false);
        const steps = d.steps();
        const file = steps.createHeld(name, undefined);
        steps.write(file, bytes, true);
        steps.close(file);
        try {
          await steps.run();
        } finally {
          await steps.release();
        }
      },
    });
  } finally {
    await d.close();
  }
}
