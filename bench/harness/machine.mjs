/** Describes the machine on which the figures were measured. */
import { readFile, statfs } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

const FILE_SYSTEMS = {
  61267: 'ext4',
  16914836: 'tmpfs',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  2035054128: 'overlayfs',
};

export async function describeMachine(directory) {
  const { type } = await statfs(directory);
  const fileSystem = FILE_SYSTEMS[type] ?? `0x${type.toString(16)}`;
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
  return {
    date: new Date().toISOString(),
    tensorbundle: version,
    node: process.version,
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    fileSystem,
    memoryBacked: fileSystem === 'tmpfs',
    load: loadavg().map(load => Math.round(load * 100) / 100),
  };
}
