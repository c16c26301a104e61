/**
 * A vitest reporter that writes why tests were skipped, which its JSON report leaves out, to the file in SKIP_NOTES.
 */
import { writeFileSync } from 'node:fs';

export default class SkipNotes {
  onTestRunEnd(modules) {
    const notes = [];
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) {
        notes.push({ file: module.moduleId, test: test.fullName, note: test.result().note ?? null });
      }
    }
    writeFileSync(process.env.SKIP_NOTES, JSON.stringify(notes));
  }
}
