// The process is killed in the middle of twenty calls and started again on the same data. It has to be a real process,
// built as for production; that and the carrier's side of each call take seconds.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ask } from '../../soak/api';
import { Random } from '../../soak/random';
import { storedState } from '../../soak/record-checks';
import { ServerProcess } from '../../soak/server-process';
import type { PhoneScript } from '../../src/simulator/simulated-telnyx/phone-script';
import { SimulatedOpenai } from '../../src/simulator/simulated-openai/simulated-openai';
import { SimulatedTelnyx } from '../../src/simulator/simulated-telnyx/simulated-telnyx';
import { TestSchema } from '../contract/engines';
import { until } from '../support/until';

const CALLS = 20;
const PLACED_WITHIN_MS = 3_000;
const REPOSITORY = join(__dirname, '../../..');
const BUILD_LIMIT_MS = 60_000;

// A node of a shared database waits for the lease of the lost one to run out before it takes over its calls.
const RECOVERY_LIMIT_MS = 60_000;
const TEST_LIMIT_MS = 120_000;

const POSTGRES_URL = process.env['TEST_DATABASE_URL'];

// Inside the repository, so that the built files find their packages.
const BUILD = join(REPOSITORY, 'node_modules/.cache', `kill-nine-${process.pid}`);

type Scene = { readonly telnyx: SimulatedTelnyx; readonly openai: SimulatedOpenai; readonly server: ServerProcess };

beforeAll(() => {
  mkdirSync(BUILD, { recursive: true });
  const tsc = join(REPOSITORY, 'node_modules/.bin/tsc');
  execFileSync(tsc, ['-p', 'tsconfig.build.json', '--outDir', BUILD, '--sourceMap', 'false'], { cwd: REPOSITORY });
}, BUILD_LIMIT_MS);

afterAll(() => rmSync(BUILD, { recursive: true, force: true }));

/** Phones at every stage of a call at any time. */
function phone(random: Random): PhoneScript {
  const ringMs = random.between(0, 2_500);
  const steps = [
    { do: 'wait-for-speech', timeoutMs: 3_000 },
    { do: 'tone', hz: 440, ms: random.between(300, 1_500) },
    { do: 'wait', ms: random.between(100, 4_000) },
    ...(random.oneIn(3) ? [{ do: 'hang-up' } as const] : []),
  ] as const;
  return { ringMs, steps, outcome: random.oneIn(8) ? 'busy' : 'answer' };
}

/** Twenty calls, one after the other; resolves with the ids of those that the server has taken. */
async function placeCalls({ telnyx, server }: Scene, random: Random): Promise<string[]> {
  const place = async (index: number): Promise<string | undefined> => {
    const to = `+12025550${String(200 + index)}`;
    telnyx.script(to, phone(random));
    await wait(random.between(0, PLACED_WITHIN_MS));
    const answer = await ask(`${server.url}/api/ai-calls/create`, { body: { to, instructions: 'You are busy.' } });
    return answer?.status === 201 ? String(answer.body['callId']) : undefined;
  };
  const ids = await Promise.all(Array.from({ length: CALLS }, (_, index) => place(index)));
  return ids.filter((id) => id !== undefined);
}

async function isFinal({ server }: Scene, callId: string): Promise<boolean> {
  const answer = await ask(`${server.url}/api/ai-calls/${callId}`);
  const timeline = (answer?.body['timeline'] ?? []) as readonly { readonly type: string }[];
  return typeof answer?.body['endReason'] === 'string' && timeline.some(({ type }) => type === 'leg.down');
}

/** Calls whose creation was never answered are in the database as well. */
async function untilClean(place: string): Promise<void> {
  const clean = { unfinished: 0, withoutVerdict: 0, withLeg: 0, withGaps: 0 };
  const deadlineMs = performance.now() + RECOVERY_LIMIT_MS;
  let state = await storedState(place);
  while (state.unfinished + state.withoutVerdict + state.withLeg > 0 && performance.now() < deadlineMs) {
    await wait(250);
    state = await storedState(place);
  }
  expect(state).toMatchObject(clean);
}

async function endReason({ server }: Scene, callId: string): Promise<unknown> {
  return (await ask(`${server.url}/api/ai-calls/${callId}`))?.body['endReason'];
}

async function killInTheMiddle(seed: number, databaseUrl?: string): Promise<void> {
  const random = new Random(seed);
  const directory = mkdtempSync(join(tmpdir(), 'ai-calls-kill-'));
  const telnyx = await SimulatedTelnyx.start({ isCostReported: true });
  const openai = await SimulatedOpenai.start();
  const entry = join(BUILD, 'main.js');
  const server = await ServerProcess.start({ far: { telnyx, openai }, entry, directory, databaseUrl });
  const scene = { telnyx, openai, server };
  try {
    const placing = placeCalls(scene, random);
    await wait(random.between(1_200, PLACED_WITHIN_MS));
    await server.killAndRestart(random.between(0, 500));
    const callIds = await placing;

    for (const callId of callIds) await until(() => isFinal(scene, callId), { timeoutMs: RECOVERY_LIMIT_MS });
    await telnyx.allLegsDown(RECOVERY_LIMIT_MS);
    await until(() => openai.liveSessions().length === 0);

    expect(await Promise.all(callIds.map((callId) => endReason(scene, callId)))).toContain('server-lost');
    await untilClean(databaseUrl ?? join(directory, 'ai-calls.db'));
  } finally {
    await server.stop();
    await Promise.all([telnyx.close(), openai.close()]);
    rmSync(directory, { recursive: true, force: true });
  }
}

describe('a server that is killed in the middle of twenty calls', () => {
  test.each([1, 2])(
    'has every record final and every leg down after a restart, seed %i',
    (seed) => killInTheMiddle(seed),
    TEST_LIMIT_MS,
  );

  const onPostgres = POSTGRES_URL === undefined ? test.skip : test;
  onPostgres(
    'does so on PostgreSQL (TEST_DATABASE_URL), too',
    async () => {
      const schema = new TestSchema(POSTGRES_URL ?? '');
      await schema.create();
      await killInTheMiddle(3, schema.url).finally(() => schema.drop());
    },
    TEST_LIMIT_MS,
  );
});
