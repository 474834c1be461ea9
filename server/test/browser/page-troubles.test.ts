// The operator's page when something is in the way: a server that does not answer or says no, a recording that is not
// whole, a proxy that puts a path in front. It says what is known, and why the rest is not.

import type { Page } from 'playwright-core';
import { Gate } from './gate';
import { describePage, KEY, LIMIT_MS, QUIET, RECORDED, row, shows, TALKER, WAIT } from './page-rig';

function problem(detail: string): { status: number; contentType: string; body: string } {
  return { status: 503, contentType: 'application/problem+json', body: JSON.stringify({ detail }) };
}

async function refuse(page: Page, url: string, detail: string): Promise<void> {
  await page.route(url, (route) => route.fulfill(problem(detail)));
}

describePage("the operator's page in trouble", (rig) => {
  const { place, visit, signIn, visitSignedIn, unexpected } = rig;

  test(
    'a server that does not answer is no wrong key: the sign-in stays, and goes on when it answers',
    async () => {
      const watched = await visit({}, rig.gate.url);
      const { page } = watched;
      await page.getByLabel('API key').waitFor();
      rig.gate.shut();

      await signIn(watched);

      await shows(page.locator('#sign-in-notice'), 'The server does not answer');
      expect(await page.locator('#desk').isVisible()).toBe(false);
      rig.gate.reopen();
      await page.locator('#desk').waitFor();
      await shows(page.locator('#now-empty'), 'Nobody is on the phone');
      expect(unexpected(watched)).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'what does not answer is not known, says why, and hides nothing else',
    async () => {
      const watched = await visit();
      const { page } = watched;
      await refuse(page, '**/api/ai-calls/status?*', 'The database does not answer.');
      await refuse(page, '**/ready', 'Somebody else answers.');

      await signIn(watched);

      await shows(page.locator('#list-trouble'), 'The database does not answer.');
      await shows(page.locator('#before-empty'), 'Not known yet.');
      await shows(page.locator('#now-empty'), 'Nobody is on the phone.');
      await shows(page.locator('#total-today'), '$0.0000');
      await shows(page.locator('#total-ready'), 'unknown');
      expect(await page.locator('#total-ready').getAttribute('data-ready')).toBe('unknown');

      await page.unrouteAll();
      await page.reload();
      await shows(page.locator('#before-empty'), 'No earlier calls.');
      await shows(page.locator('#total-ready'), 'Ready');
      await shows(page.locator('#list-trouble'), /^$/);
    },
    LIMIT_MS,
  );

  test(
    'a stream that the server refuses is told in its words, with nobody said to be on no phone',
    async () => {
      const watched = await visit();
      const { page } = watched;
      await page.route('**/api/ai-calls/live', (route) =>
        route.request().headers()['accept'] === 'text/event-stream'
          ? route.fulfill(problem('All event streams are in use.'))
          : route.continue(),
      );

      await signIn(watched);

      await shows(page.locator('#link'), 'All event streams are in use. Trying again…');
      await shows(page.locator('#now-empty'), 'Not known yet.');
    },
    LIMIT_MS,
  );

  test(
    'older calls that cannot be had are told in the list, until they can',
    async () => {
      await place(RECORDED, 300);
      const watched = await visit();
      const { page } = watched;
      const ended = await place(QUIET, 300);
      await rig.bridge.request('POST', `/api/ai-calls/${ended}/hangup`, {}, { authorization: `Bearer ${KEY}` });
      // As if there were more of them.
      await page.route('**/api/ai-calls/status?*', async (route) => {
        if (route.request().url().includes('cursor=')) return route.fulfill(problem('The database does not answer.'));
        const answer = await route.fetch();
        const body = (await answer.json()) as Record<string, unknown>;
        return route.fulfill({ response: answer, json: { ...body, nextCursor: 'more' } });
      });
      await signIn(watched);

      await page.getByRole('button', { name: 'Older calls' }).click();
      await shows(page.locator('#list-trouble'), 'Older calls cannot be shown: The database does not answer.');
      await page.unrouteAll();
      await page.route('**/api/ai-calls/status?*', (route) => route.fulfill({ json: { calls: [], nextCursor: null } }));
      await page.getByRole('button', { name: 'Older calls' }).click();

      await shows(page.locator('#list-trouble'), /^$/);
    },
    LIMIT_MS,
  );

  test(
    'a recording that is not complete stays said to be so while it is played',
    async () => {
      const callId = await place(RECORDED, 500, { record: true });
      await rig.bridge.entry(callId, 'leg.down', WAIT.timeoutMs);
      const { page } = await visitSignedIn();
      await page.route(`**/api/ai-calls/${callId}`, async (route) => {
        const answer = await route.fetch();
        const body = (await answer.json()) as { readonly recording: Readonly<Record<string, unknown>> };
        return route.fulfill({
          response: answer,
          json: { ...body, recording: { ...body.recording, state: 'failed' } },
        });
      });

      await row(page, RECORDED).click();
      await page.getByRole('slider', { name: 'Place in the recording' }).waitFor();

      await shows(page.locator('#recording-gap'), 'The recording is not complete.');
      expect(await page.locator('#recording-note').innerText()).toBe('');
    },
    LIMIT_MS,
  );

  test(
    'behind a proxy that puts a path in front: the page, the streams, commands and the recording',
    async () => {
      const proxy = await Gate.open(rig.bridge.url, '/voice');
      try {
        const callId = await place(RECORDED, 500, { record: true, metadata: { order: 'A-17' } });
        await rig.bridge.entry(callId, 'leg.down', WAIT.timeoutMs);
        await place(TALKER, 60_000, { metadata: { order: 'A-18' } });
        const watched = await visit({}, `${proxy.url}/voice/`);
        const { page } = watched;
        await signIn(watched);

        await shows(row(page, TALKER), /A-18[\s\S]*AI talking/);
        await shows(row(page, RECORDED), /A-17[\s\S]*Completed · callee hung up/);
        await shows(page.locator('#total-ready'), 'Ready');
        await row(page, TALKER).click();
        await page.getByRole('button', { name: 'Interrupt the AI' }).click();
        await shows(page.locator('#result'), 'The AI is silent.');
        await row(page, RECORDED).click();
        await page.getByRole('slider', { name: 'Place in the recording' }).waitFor();
        expect(unexpected(watched)).toEqual([]);

        // Without the slash its files are not found: what is left of the page says so.
        await page.goto(`${proxy.url}/voice`);
        await shows(page.locator('#starting'), 'may lack the slash at its end');
      } finally {
        proxy.close();
      }
    },
    LIMIT_MS,
  );
});
