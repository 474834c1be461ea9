// GET /docs in a real browser, against the whole server between the simulators: it shows every route, tries one out with
// a key, and asks nobody else for anything.

import type { Browser, Locator } from 'playwright-core';
import { OPERATIONS } from '../../src/http/openapi/operations';
import { TestBridge } from '../support/test-bridge';
import { describeInBrowser, launchChromium, openPage, type WatchedPage } from './chromium';
import { Gate } from './gate';

// A browser starts slowly on a busy machine.
const LIMIT_MS = 120_000;

const KEY = 'docs-test-key-0123456789';

describeInBrowser('the page of the API', () => {
  let bridge: TestBridge;
  let browser: Browser;

  beforeAll(async () => {
    bridge = await TestBridge.start({ env: { API_KEYS: `desk:${KEY}`, HOST: '127.0.0.1' } });
    browser = await launchChromium();
  }, LIMIT_MS);

  afterAll(async () => {
    await browser?.close();
    await bridge?.close();
  });

  async function open(origin = bridge.url, path = '/docs'): Promise<WatchedPage> {
    const watched = await openPage(browser, origin);
    await watched.page.goto(origin + path, { waitUntil: 'networkidle' });
    await watched.page.waitForSelector('.opblock');
    return watched;
  }

  function blockOf({ page }: WatchedPage, operationId: string): Locator {
    return page.locator(`[id$="-${operationId}"]`);
  }

  /** Tries out a route that is unfolded, and gives the status of the answer. */
  async function tryOut(block: Locator): Promise<string> {
    await block.getByRole('button', { name: 'Try it out' }).click();
    await block.getByRole('button', { name: 'Execute' }).click();
    return (await block.locator('.live-responses-table .response-col_status').nth(1).innerText()).trim();
  }

  async function unfold(watched: WatchedPage, operationId: string): Promise<Locator> {
    const block = blockOf(watched, operationId);
    await block.locator('.opblock-summary-control').click();
    return block;
  }

  test(
    'shows every route, and needs nothing from elsewhere',
    async () => {
      const { page, complaints, foreignRequests } = await open();

      const shown = await page.locator('.opblock').evaluateAll((blocks) => blocks.map(({ id }) => id));
      expect(shown.map((id) => id.split('-').at(-1)).sort()).toEqual(
        [...OPERATIONS.map(({ operationId }) => operationId), 'receiveCallStatus'].sort(),
      );
      expect(complaints).toEqual([]);
      expect(foreignRequests).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'tries a route out with a key, which it keeps to itself',
    async () => {
      const watched = await open();
      const { page, complaints } = watched;
      const block = await unfold(watched, 'listCalls');
      expect(await tryOut(block)).toBe('401');

      await page.locator('.authorize').first().click();
      await page.locator('.auth-container input').fill(KEY);
      await page.getByRole('button', { name: 'Apply credentials' }).click();
      await page.getByRole('button', { name: 'Close' }).click();
      await block.getByRole('button', { name: 'Execute' }).click();
      await block.locator('.live-responses-table', { hasText: '"activeCalls": 0' }).waitFor();

      // The browser itself reports the 401 of before.
      expect(complaints.filter((text) => !text.includes('401'))).toEqual([]);
      expect(page.url()).not.toContain(KEY);
      expect(await page.evaluate('JSON.stringify([localStorage, sessionStorage, document.cookie])')).not.toContain(KEY);
      await page.reload({ waitUntil: 'networkidle' });
      // Its address says which route was unfolded.
      expect(await tryOut(blockOf(watched, 'listCalls'))).toBe('401');
    },
    LIMIT_MS,
  );

  test(
    'works behind a proxy that puts a path in front',
    async () => {
      const proxy = await Gate.open(bridge.url, '/voice');
      try {
        const watched = await open(proxy.url, '/voice/docs/');

        expect(watched.page.url()).toBe(`${proxy.url}/voice/docs`);
        expect(await tryOut(await unfold(watched, 'getHealth'))).toBe('200');
        expect(watched.complaints).toEqual([]);

        await watched.page.close();
      } finally {
        proxy.close();
      }
    },
    LIMIT_MS,
  );
});
