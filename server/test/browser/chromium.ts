// A headless Chromium for tests of pages: the one of CHROMIUM_PATH, else the first that the PATH has. Where there is
// none, these tests are skipped and say so.

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-dev-shm-usage'];

/** Where Chromium is; undefined when there is none. */
function chromiumPath(): string | undefined {
  const named = process.env['CHROMIUM_PATH'];
  if (named) return named;
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isExecutable);
}

/** Like `describe`, where there is a Chromium. */
export function describeInBrowser(name: string, tests: () => void): void {
  if (chromiumPath() !== undefined) return describe(name, tests);
  describe.skip(`${name} (set CHROMIUM_PATH, or have chromium in the PATH, to run these)`, tests);
}

/** Starts Chromium; close it again. It needs a few seconds on a busy machine. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath(), headless: true, args: ARGUMENTS });
}

/** A page, and everything about it that a visitor would not want. */
export type WatchedPage = {
  readonly page: Page;
  /** Errors and warnings on the console, and errors that nobody caught. */
  readonly complaints: readonly string[];
  /** What was asked of other servers. */
  readonly foreignRequests: readonly string[];
};

/** Opens an empty page that may speak to the server at `origin`; what it asks of others fails and is noted. */
export async function openPage(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  const foreignRequests: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.route(
    (url) => url.protocol.startsWith('http') && url.origin !== new URL(origin).origin,
    (route) => {
      foreignRequests.push(route.request().url());
      return route.abort();
    },
  );
  return { page, complaints, foreignRequests };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there, or not for us.
    return false;
  }
}
