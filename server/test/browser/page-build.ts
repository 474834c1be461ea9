// The operator's page, built as `npm run build` does it, into a folder of its own.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '../../..');

/** Builds the page, and returns the folder that it is in; remove it again. */
export function buildPage(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ai-calls-page-'));
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [compiler, '-p', join(ROOT, 'tsconfig.page.json'), '--outDir', folder]);
  for (const name of ['index.html', 'page.css']) copyFileSync(join(ROOT, 'server/page', name), join(folder, name));
  return folder;
}
