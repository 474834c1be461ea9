// How a fault is tried out: a table of faults, the stages at which they strike and what has to come of the call; and
// the one test that every row goes through.

// What the server loads when it first needs it: jest lets nobody load anything while tests run side by side.
import 'axios';
import 'pg';
import type { EndReason, TerminalStatus } from '../../src/calls/end-call';
import type { Logger } from '../../src/calls/ports';
import type { PhoneScript } from '../../src/simulator/simulated-telnyx/phone-script';
import { Scene, type Stage, type SubjectScript } from './scene';
import { SchemaPool } from './schema-pool';
import { inTurn } from './turnstile';

/** What has to come of a call. */
export type Expected = {
  readonly status: TerminalStatus;
  readonly reason: EndReason;
  /** `converse`: callee and AI talk on, and the callee hangs up in the end; `wait`: it ends by itself. */
  readonly after: 'converse' | 'wait';
};

/** A fault, and what comes of it by stage. */
export type Fault = {
  readonly fault: string;
  readonly script?: Partial<SubjectScript>;
  readonly phone?: Partial<PhoneScript>;
  readonly log?: Logger;
  /** Before the subject is dialled. */
  readonly arm?: (scene: Scene) => void;
  /** At the stage. */
  readonly strike?: (scene: Scene) => void | Promise<void>;
  /** After the subject's end, before the bystander is looked after. */
  readonly mend?: (scene: Scene) => void | Promise<void>;
  /** What becomes of the bystander; default: it goes on. */
  readonly bystander?: 'ends, too';
  readonly stages: Partial<Readonly<Record<Stage, Expected>>>;
};

/** The conversation goes on as if nothing had been. */
export const GOES_ON: Expected = { status: 'completed', reason: 'callee-hung-up', after: 'converse' };

/** The goodbye that was being said is brought to its end. */
export const GOODBYE_SAID: Expected = { status: 'completed', reason: 'ai-hung-up', after: 'wait' };

/** The call ends with this verdict. */
export function endsAs(status: TerminalStatus, reason: EndReason): Expected {
  return { status, reason, after: 'wait' };
}

/** The same for every stage at which there is a session with the AI. */
export function whileTalking(expected: Expected): Fault['stages'] {
  return {
    opening: expected,
    'caller speaking': expected,
    'AI speaking': expected,
    'tool running': expected,
    ending: expected,
  };
}

// The turn of a case may take a while to come.
const CASE_LIMIT_MS = 120_000;
const END_LIMIT_MS = 30_000;

const POSTGRES_URL = process.env['TEST_DATABASE_URL'];

/** Declares the tests of a table for every database that there is. */
export function tryFaults(table: readonly Fault[]): void {
  const rows = table.flatMap((fault) =>
    (Object.keys(fault.stages) as Stage[]).map((stage): [string, Stage, Fault] => [fault.fault, stage, fault]),
  );
  describe('on SQLite', () => {
    test.concurrent.each(rows)('%s, %s', (_name, stage, fault) => inTurn(() => tryOne(fault, stage)), CASE_LIMIT_MS);
  });
  const onPostgres = POSTGRES_URL === undefined ? describe.skip : describe;
  onPostgres('on PostgreSQL (TEST_DATABASE_URL)', () => {
    const schemas = new SchemaPool(POSTGRES_URL ?? '');
    afterAll(() => schemas.close());
    test.concurrent.each(rows)(
      '%s, %s',
      (_name, stage, fault) => inTurn(() => schemas.lend((url) => tryOne(fault, stage, url))),
      CASE_LIMIT_MS,
    );
  });
}

async function tryOne(fault: Fault, stage: Stage, databaseUrl?: string): Promise<void> {
  const expected = fault.stages[stage];
  if (expected === undefined) return;
  const { script, phone, log } = fault;
  const scene = await Scene.open({ stage, databaseUrl, script, phone, log });
  try {
    fault.arm?.(scene);
    await scene.reachStage();
    await fault.strike?.(scene);
    await liveOut(scene, expected);
    await fault.mend?.(scene);
    await endBystander(scene, fault.bystander);
    await scene.untilNothingLeft();
    await scene.written(scene.subjectId);
    await scene.stop();
    await expectRecord(scene, expected);
  } finally {
    await scene.close();
  }
}

async function liveOut(scene: Scene, { after }: Expected): Promise<void> {
  if (after === 'converse') {
    await scene.subjectAnswered();
    await scene.converse(scene.subject);
    scene.subject.hangUp();
  }
  await scene.bridge.entry(scene.subjectId, 'leg.down', END_LIMIT_MS);
}

/** The bystander still talks, and ends as calls do. */
async function endBystander(scene: Scene, fate: Fault['bystander']): Promise<void> {
  if (fate === undefined) {
    expect(scene.bystander.state).toBe('answered');
    await scene.converse(scene.bystander);
    scene.bystander.hangUp();
  }
  await scene.bridge.entry(scene.bystanderId, 'leg.down', END_LIMIT_MS);
  if (fate === undefined) expect(scene.bridge.statuses(scene.bystanderId).at(-1)).toBe('completed');
}

/** The record is final, complete and in order. */
async function expectRecord(scene: Scene, { status, reason }: Expected): Promise<void> {
  const { call, timeline } = await scene.stored(scene.subjectId);
  const types = timeline.map(({ type }) => type);
  const ends = types.filter((type) => /^call\.(completed|busy|failed|no-answer|canceled)$/.test(type));

  expect(call?.verdict).toMatchObject({ status, reason });
  expect(call).toMatchObject({ status, mayHaveLeg: false });
  expect(types[0]).toBe('call.queued');
  expect(ends).toEqual([`call.${status}`]);
  expect(types.filter((type) => type === 'leg.down')).toHaveLength(1);
  expect(timeline.map(({ sequence }) => sequence)).toEqual(types.map((_, index) => index + 1));
  if (scene.hasTalked) expect(types).toContain('turn.finished');
}
