// The operator's page in a real browser, against the whole server between the simulators: what an operator sees of calls
// that go on, what they do to them without a mouse, and that nothing from outside becomes part of the page.

import { rmSync } from 'node:fs';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';
import { describeInBrowser, launchChromium, openPage } from './chromium';
import { buildPage } from './page-build';
import {
  describePage,
  HOSTILE,
  KEY,
  LIMIT_MS,
  LISTENER,
  QUIET,
  RECORDED,
  row,
  shows,
  TALKER,
  tabTo,
  WAIT,
} from './page-rig';

describePage("the operator's page", (rig) => {
  const { place, visit, signIn, visitSignedIn, unexpected } = rig;

  test(
    'signing in: a wrong key is told so, the right one is kept in this tab alone',
    async () => {
      const watched = await visit();
      const { page, foreignRequests } = watched;
      const urls: string[] = [];
      page.on('request', (asked) => urls.push(asked.url()));
      await shows(page.locator('#sign-in-notice'), 'asks for one of its API keys');

      await signIn(watched, 'schlüssel');
      await shows(page.locator('#sign-in-notice'), 'letters, digits and signs');
      expect(urls.filter((url) => url.includes('/api/'))).toEqual([]);

      await signIn(watched, 'a-wrong-key');
      await shows(page.locator('#sign-in-notice'), 'not one of the server’s');
      await signIn(watched);
      await shows(page.locator('#now-empty'), 'Nobody is on the phone');
      await shows(page.locator(':focus'), 'Now');

      expect(
        await page.evaluate('JSON.stringify({ ...localStorage }) + document.cookie + location.href'),
      ).not.toContain(KEY);
      expect(urls.join(' ')).not.toContain(KEY);
      expect(await page.content()).not.toContain(KEY);
      await page.reload();
      await page.locator('#desk').waitFor();

      await page.getByRole('button', { name: 'Sign out' }).click();
      await shows(page.locator('#sign-in-notice'), 'signed out');
      expect(await page.evaluate('JSON.stringify({ ...sessionStorage })')).toBe('{}');
      expect([unexpected(watched), foreignRequests]).toEqual([[], []]);
    },
    LIMIT_MS,
  );

  test(
    'three calls at once: who talks in each, for how long, and at what cost',
    async () => {
      const watched = await visitSignedIn({ colorScheme: 'dark' });
      const { page, complaints, foreignRequests } = watched;

      await Promise.all([place(TALKER, 60_000), place(LISTENER, 500), place(QUIET, 400)]);

      await shows(row(page, TALKER), /AI talking[\s\S]*\$0\.\d{4}/);
      await shows(row(page, LISTENER), 'Callee talking');
      await shows(row(page, QUIET), 'Silence');
      await shows(row(page, TALKER), /0:0[3-9]|0:[1-5]\d/);
      await shows(page.locator('#total-live'), '3');
      await shows(page.locator('#total-ready'), 'Ready');
      expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(13, 19, 23)');
      expect([unexpected({ ...watched, complaints }), foreignRequests]).toEqual([[], []]);
    },
    LIMIT_MS,
  );

  test(
    'by keyboard alone: choose a call, interrupt, have the AI say something, hang up',
    async () => {
      const watched = await visitSignedIn();
      const { page } = watched;
      await place(QUIET, 400);
      const callId = await place(TALKER, 60_000);
      await shows(row(page, TALKER), /AI talking/);
      // Enough of it is heard for some of its words.
      await shows(row(page, TALKER), /0:0[3-9]/);

      await tabTo(page, row(page, QUIET));
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await shows(page.locator('h1:focus'), '+1 202 555 0131');

      await tabTo(page, page.getByRole('button', { name: 'Interrupt the AI' }));
      await page.keyboard.press('Enter');
      await shows(page.locator('#result'), 'The AI is silent.');
      await shows(page.getByRole('log'), /Hello[\s\S]*interrupted: \d+\.\d of \d+\.\d s heard/);
      await shows(page.getByRole('log'), 'Interrupted by the operator');

      await tabTo(page, page.getByLabel('Have the AI say'));
      await page.keyboard.type('We call again tomorrow.');
      await page.keyboard.press('Enter');
      await shows(page.locator('#result'), 'The AI will say it.');
      await shows(page.getByRole('log'), 'We call again tomorrow.');

      await tabTo(page, page.getByRole('button', { name: 'Hang up' }));
      await page.keyboard.press('Enter');
      await page.keyboard.press('Escape');
      expect(rig.bridge.statuses(callId)).not.toContain('completed');
      await page.keyboard.press('Enter');
      await tabTo(page, page.locator('#confirm-yes'));
      await page.keyboard.press('Enter');
      await shows(page.locator('#call-talking'), 'Completed. The call was hung up through the API.');
      await shows(page.locator('#before'), '+1 202 555 0131');

      await tabTo(page, page.getByRole('log'));
      await page.keyboard.press('Escape');
      await shows(page.locator('button.row:focus'), '+1 202 555 0131');
      expect(unexpected(watched)).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'after the end: the recording as a waveform, played and searched by keyboard; hostile words stay words',
    async () => {
      const callId = await place(RECORDED, 1_500, { record: true, metadata: { [HOSTILE.slice(0, 40)]: HOSTILE } });
      await rig.bridge.entry(callId, 'leg.down', WAIT.timeoutMs);
      const watched = await visitSignedIn();
      const { page } = watched;

      await row(page, RECORDED).click();
      await shows(page.getByRole('log'), `Yes ${HOSTILE}`);
      await shows(page.getByRole('log'), `Hello ${HOSTILE}`);
      await page.getByText('Settings of the call').click();
      await shows(page.locator('#facts'), HOSTILE);
      expect(await page.locator('img, .story script').count()).toBe(0);
      expect(await page.evaluate('window.broken')).toBeUndefined();

      const wave = page.getByRole('slider', { name: 'Place in the recording' });
      await wave.waitFor();
      // The colours of both sides, each in its own half.
      expect(
        await page.evaluate(`(() => {
          const canvas = document.getElementById('wave');
          const { width, height } = canvas;
          const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
          const seen = [{ callee: 0, ai: 0 }, { callee: 0, ai: 0 }];
          for (let at = 0; at < data.length; at += 4) {
            const pixel = at / 4;
            // The mark of the place is at the very left.
            if (data[at + 3] < 250 || pixel % width < 6) continue;
            const half = seen[Math.floor(pixel / width) < height / 2 ? 0 : 1];
            if (data[at + 2] > data[at]) half.callee += 1;
            else half.ai += 1;
          }
          return seen.map(({ callee, ai }) => [callee > 500, ai > 500]);
        })()`),
      ).toEqual([
        [true, false],
        [false, true],
      ]);
      await tabTo(page, wave);
      await page.keyboard.press('ArrowRight');
      expect(await wave.getAttribute('aria-valuetext')).toMatch(/^0:0[3-5] of 0:0[3-6]$/);
      await page.keyboard.press('Home');
      expect(await wave.getAttribute('aria-valuenow')).toBe('0');
      await page.keyboard.press('Space');
      await until(async () => (await wave.getAttribute('aria-valuenow')) !== '0', WAIT);
      expect(unexpected(watched)).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'a lost connection is told, and found again; a key that is worth nothing any more leads back to the sign-in',
    async () => {
      const watched = await visitSignedIn({}, rig.gate.url);
      const { page } = watched;
      await place(TALKER, 60_000);
      await shows(row(page, TALKER), 'AI talking');
      await shows(page.locator('#total-ready'), 'Ready');
      await row(page, TALKER).click();

      rig.gate.shut();
      await shows(page.locator('#link'), 'Connection lost');
      await shows(row(page, TALKER), 'Connection lost');
      await shows(page.locator('#call-talking'), 'Connection lost');
      await shows(page.locator('#totals'), /unknown[\s\S]*unknown[\s\S]*unknown/);
      const clock = await row(page, TALKER).locator('.clock').innerText();
      for (const name of ['Interrupt the AI', 'Say', 'Hang up']) {
        expect(await page.getByRole('button', { name, exact: true }).isDisabled()).toBe(true);
      }
      // Long enough for a clock that goes on.
      await page.waitForTimeout(1_200);
      expect(await row(page, TALKER).locator('.clock').innerText()).toBe(clock);

      rig.gate.reopen();
      await shows(row(page, TALKER), 'AI talking');
      await shows(page.locator('#link'), /^$/);
      await shows(page.locator('#total-ready'), 'Ready');
      expect(await page.getByRole('button', { name: 'Hang up' }).isEnabled()).toBe(true);

      rig.gate.changeKeys();
      await shows(page.locator('#sign-in-notice'), 'not accepted any more');
      expect(await page.locator('#desk').isVisible()).toBe(false);
      expect(await page.evaluate('JSON.stringify({ ...sessionStorage })')).toBe('{}');
      expect(unexpected(watched)).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'on a phone: one thing at a time, nothing wider than the screen',
    async () => {
      const { page } = await visitSignedIn({ viewport: { width: 360, height: 700 } });
      await place(TALKER, 60_000);
      await row(page, TALKER).click();
      await shows(page.locator('#call-talking'), 'AI talking');
      const overflow = 'document.documentElement.scrollWidth - window.innerWidth';
      expect(await page.evaluate(overflow)).toBeLessThanOrEqual(0);
      expect(await row(page, TALKER).isVisible()).toBe(false);
      const [brand, signOut] = await Promise.all(
        [page.locator('.brand'), page.getByRole('button', { name: 'Sign out' })].map((each) => each.boundingBox()),
      );
      expect(Math.abs(brand!.y + brand!.height / 2 - signOut!.y - signOut!.height / 2)).toBeLessThan(8);
      const conversation = await page.getByRole('heading', { name: 'Conversation' }).boundingBox();
      expect(conversation!.y).toBeLessThan(600);

      await page.getByRole('button', { name: 'All calls' }).click();
      await shows(page.locator('button.row:focus'), 'AI talking');
      expect(await page.evaluate(overflow)).toBeLessThanOrEqual(0);
    },
    LIMIT_MS,
  );
});

describeInBrowser("the operator's page on this machine", () => {
  test(
    'without keys nobody has to sign in',
    async () => {
      const folder = buildPage();
      const bridge = await TestBridge.start({ compose: { pageFolder: folder } });
      const browser = await launchChromium();
      try {
        const { page, complaints } = await openPage(browser, bridge.url);
        await page.goto(bridge.url);
        await shows(page.locator('#now-empty'), 'Nobody is on the phone');
        expect(await page.getByRole('button', { name: 'Sign out' }).isVisible()).toBe(false);
        expect(complaints).toEqual([]);
      } finally {
        await browser.close();
        await bridge.close();
        rmSync(folder, { recursive: true });
      }
    },
    LIMIT_MS,
  );
});
