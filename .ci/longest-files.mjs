/** A vitest reporter that prints which files took longest: when CI comes near its limit, they are what to look at. */
import { relative } from 'node:path';

const SHOWN = 15;

export default class LongestFiles {
  onTestRunEnd(modules) {
    const times = modules.map(module => ({ path: relative(process.cwd(), module.moduleId), ...module.diagnostic() }));
    const sum = times.reduce((total, { duration }) => total + duration, 0);
    console.log(`\n${times.length} files took ${Math.round(sum / 1000)} s, these the most:`);
    for (const { path, duration } of times.sort((a, b) => b.duration - a.duration).slice(0, SHOWN)) {
      console.log(`${(duration / 1000).toFixed(1).padStart(8)} s  ${path}`);
    }
  }
}
