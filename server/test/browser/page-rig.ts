// What tests of the operator's page work with: the page in a real browser, against the whole server between the simulators.

import { rmSync } from 'node:fs';
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';
import { describeInBrowser, launchChromium, openPage, type WatchedPage } from './chromium';
import { Gate } from './gate';
import { buildPage } from './page-build';

// A browser starts slowly on a busy machine, and calls happen in real time.
/** For one test. */
export const LIMIT_MS = 90_000;
/** For one thing to be seen. */
export const WAIT = { timeoutMs: 20_000 };

/** The API key of the server. */
export const KEY = 'page-test-key-0123456789';
/** Markup that must stay text. */
export const HOSTILE = '<img src=x onerror="window.broken=1"><script>window.broken=1</script>';

/** Listens to an AI that talks. */
export const TALKER = '+12025550131';
/** Talks to an AI that listens. */
export const LISTENER = '+12025550132';
/** Says nothing. */
export const QUIET = '+12025550133';
/** Answers, and hangs up. */
export const RECORDED = '+12025550134';

/** The AI of each call talks for as long as its instructions say. */
function script(bridge: TestBridge): void {
  bridge.openai.setScriptFor(({ instructions }) => {
    const ms = Number(/(\d+) ms/.exec(instructions)?.[1]);
    const text = `Hello ${HOSTILE}${' and so on'.repeat(ms / 250)}`;
    return {
      turns: [{ say: [{ toneHz: 500, ms, text }] }],
      hears: [`Yes ${HOSTILE}`],
      exact: { toneHz: 700, msPerCharacter: 40 },
      otherwise: {},
    };
  });
  bridge.telnyx.setDefaultScript({ steps: [{ do: 'wait', ms: 120_000 }, { do: 'hang-up' }] });
  bridge.telnyx.script(LISTENER, {
    steps: [
      { do: 'wait-for-speech' },
      { do: 'wait-for-silence', silenceMs: 300 },
      { do: 'tone', hz: 500, ms: 120_000 },
      { do: 'hang-up' },
    ],
  });
  bridge.telnyx.script(RECORDED, {
    steps: [
      { do: 'wait-for-speech' },
      { do: 'wait-for-silence', silenceMs: 300 },
      { do: 'tone', hz: 500, ms: 1_200 },
      { do: 'wait', ms: 1_500 },
      { do: 'hang-up' },
    ],
  });
}

/** The row of a call in the list. */
export function row(page: Page, number: string): Locator {
  return page.locator(`button.row:has-text("${number.replace(/^\+1(\d{3})(\d{3})/, '+1 $1 $2 ')}")`);
}

/** Waits until something shows these words. */
export async function shows(locator: Locator, words: RegExp | string): Promise<void> {
  let seen = '';
  await until(async () => {
    seen = (await locator.allInnerTexts()).join('\n');
    return typeof words === 'string' ? seen.includes(words) : words.test(seen);
  }, WAIT).catch(() => {
    throw new Error(`"${seen}" is shown, not ${String(words)}.`);
  });
}

/** Presses Tab until something has the focus, as somebody without a mouse does. */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let presses = 0; presses < 40; presses += 1) {
    if ((await target.and(page.locator(':focus')).count()) > 0) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not lead to ${String(target)}.`);
}

/** A request that a test changes on its way may still be under way: that it gets no further is no failure. */
async function closeContext(context: BrowserContext): Promise<void> {
  await Promise.all(context.pages().map((page) => page.unrouteAll({ behavior: 'ignoreErrors' })));
  await context.close();
}

/** What a test has. */
export type PageRig = {
  readonly bridge: TestBridge;
  /** A door before the server. */
  readonly gate: Gate;
  readonly place: (to: string, aiMs: number, more?: Readonly<Record<string, unknown>>) => Promise<string>;
  readonly visit: (options?: BrowserContextOptions, address?: string) => Promise<WatchedPage>;
  readonly signIn: (watched: WatchedPage, key?: string) => Promise<void>;
  readonly visitSignedIn: (options?: BrowserContextOptions, address?: string) => Promise<WatchedPage>;
  /** Complaints of the browser, apart from refusals that a test provokes. */
  readonly unexpected: (watched: WatchedPage) => string[];
};

/** Describes the page where there is a browser. */
export function describePage(name: string, tests: (rig: PageRig) => void): void {
  describeInBrowser(name, () => {
    let folder: string;
    let bridge: TestBridge;
    let browser: Browser;
    let gate: Gate;

    beforeAll(async () => {
      folder = buildPage();
      browser = await launchChromium();
    }, LIMIT_MS);

    beforeEach(async () => {
      bridge = await TestBridge.start({
        env: { API_KEYS: `desk:${KEY}`, HOST: '127.0.0.1' },
        compose: { pageFolder: folder },
      });
      script(bridge);
      gate = await Gate.open(bridge.url);
    }, LIMIT_MS);

    afterEach(async () => {
      await Promise.all(browser.contexts().map(closeContext));
      gate.close();
      await bridge.close();
    }, LIMIT_MS);

    afterAll(async () => {
      await browser?.close();
      if (folder) rmSync(folder, { recursive: true });
    });

    async function place(to: string, aiMs: number, more: Readonly<Record<string, unknown>> = {}): Promise<string> {
      const body = { to, instructions: `Talk for ${aiMs} ms.`, ...more };
      const answer = await bridge.request('POST', '/api/ai-calls/create', body, { authorization: `Bearer ${KEY}` });
      return String(answer.body['callId']);
    }

    async function visit(options: BrowserContextOptions = {}, origin = bridge.url): Promise<WatchedPage> {
      const watched = await openPage(browser, origin, options);
      await watched.page.goto(origin);
      return watched;
    }

    async function signIn({ page }: WatchedPage, key = KEY): Promise<void> {
      await page.getByLabel('API key').fill(key);
      await page.keyboard.press('Enter');
    }

    async function visitSignedIn(options: BrowserContextOptions = {}, origin = bridge.url): Promise<WatchedPage> {
      const watched = await visit(options, origin);
      await signIn(watched);
      await watched.page.locator('#desk').waitFor();
      return watched;
    }

    /** Refusals that a test provokes are told by the browser, too. */
    function unexpected({ complaints }: WatchedPage): string[] {
      return complaints.filter((text) => !/status of 401|ERR_|net::/.test(text));
    }

    tests({
      get bridge() {
        return bridge;
      },
      get gate() {
        return gate;
      },
      place,
      visit,
      signIn,
      visitSignedIn,
      unexpected,
    });
  });
}
