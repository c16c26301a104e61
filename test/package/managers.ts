/**
 * The package managers that users have, and how each is told to install: with scripts of packages blocked, and allowed.
 */
import { join } from 'node:path';
import { managerFile, newestNode } from './registry.js';

export interface Manager {
  name: string;
  /** The tiny project beside this file that it installs. */
  project: 'npm' | 'pnpm' | 'yarn';
  /** What starts it. */
  command: readonly string[];
  /** Each way to install: arguments, and what is set in its environment. */
  installs: Readonly<Record<string, { args: readonly string[]; env?: Readonly<Record<string, string>> }>>;
  /** Files of its settings for a registry. */
  settings(url: string): Readonly<Record<string, string>>;
  /** What runs a program of the project: node, except where packages are found by another way. */
  node: readonly string[];
}

const npmrc = (url: string): Record<string, string> => ({ '.npmrc': `registry=${url}\naudit=false\nfund=false\n` });
const berry = [process.execPath, managerFile('berry', 'bin', 'yarn.js')];
/** What was published a minute ago is too new for it by default. */
const yarnrc = (url: string, linker: string): string =>
  `npmRegistryServer: "${url}"
unsafeHttpWhitelist: ["127.0.0.1"]
npmMinimalAgeGate: 0
enableTelemetry: false
enableGlobalCache: false
nodeLinker: ${linker}
`;
const BERRY_INSTALLS = {
  'scripts blocked': { args: ['install'], env: { YARN_ENABLE_SCRIPTS: 'false' } },
  'scripts allowed': { args: ['install'], env: { YARN_ENABLE_SCRIPTS: 'true' } },
};

export const MANAGERS: readonly Manager[] = [
  {
    name: 'npm of this machine',
    project: 'npm',
    command: ['npm'],
    installs: {
      'scripts blocked': { args: ['install', '--ignore-scripts'] },
      'scripts allowed': { args: ['install'] },
    },
    settings: npmrc,
    node: [process.execPath],
  },
  {
    name: 'npm 12',
    project: 'npm',
    command: [newestNode(), managerFile('npm', 'bin', 'npm-cli.js')],
    installs: {
      'as it is': { args: ['install'] },
      'scripts allowed': { args: ['install', '--dangerously-allow-all-scripts'] },
    },
    settings: npmrc,
    node: [newestNode()],
  },
  {
    name: 'pnpm',
    project: 'pnpm',
    command: [process.execPath, managerFile('pnpm', 'bin', 'pnpm.mjs')],
    installs: {
      'as it is': { args: ['install'] },
      'scripts allowed': { args: ['install', '--config.dangerouslyAllowAllBuilds=true'] },
    },
    settings: npmrc,
    node: [process.execPath],
  },
  {
    name: 'yarn 1',
    project: 'yarn',
    command: [process.execPath, managerFile('yarn', 'bin', 'yarn.js'), '--non-interactive'],
    installs: {
      'scripts blocked': { args: ['install', '--ignore-scripts'] },
      'scripts allowed': { args: ['install'] },
    },
    settings: url => ({ '.yarnrc': `registry "${url}"\n` }),
    node: [process.execPath],
  },
  {
    name: 'yarn 4, node_modules',
    project: 'yarn',
    command: berry,
    installs: BERRY_INSTALLS,
    settings: url => ({ '.yarnrc.yml': yarnrc(url, 'node-modules') }),
    node: [process.execPath],
  },
  {
    name: "yarn 4, Plug'n'Play",
    project: 'yarn',
    command: berry,
    installs: BERRY_INSTALLS,
    settings: url => ({ '.yarnrc.yml': yarnrc(url, 'pnp') }),
    node: [...berry, 'node'],
  },
];

/** Where the tiny projects are. */
export const projectFolder = (name: string): string => join(import.meta.dirname, name);
