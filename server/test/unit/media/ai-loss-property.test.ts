// Whatever is lost at whatever moment: there is one session at a time, everything that was asked for comes to an end, and
// whoever waits for a speech learns what became of it.

import fc from 'fast-check';
import { endCall } from '../../../src/calls/end-call';
import { settle } from '../../support/manual-clock';
import type { FollowedSpeech } from './bridge-rig';
import { SteadyRig } from './session/steady-rig';

type Step =
  | { readonly do: 'ask' | 'begin' | 'answer' | 'audio' | 'finish' | 'interrupt' }
  | { readonly do: 'speech' | 'silence' | 'words' }
  | { readonly do: 'lose' | 'refuse' | 'ready' }
  | { readonly do: 'lose-line' | 'regain-line' }
  | { readonly do: 'wait'; readonly ms: number };

const STEP: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom<Step>(
      { do: 'ask' },
      { do: 'begin' },
      { do: 'answer' },
      { do: 'audio' },
      { do: 'finish' },
    ),
  },
  { weight: 3, arbitrary: fc.constantFrom<Step>({ do: 'speech' }, { do: 'silence' }, { do: 'words' }) },
  { weight: 4, arbitrary: fc.constantFrom<Step>({ do: 'lose' }, { do: 'refuse' }, { do: 'ready' }, { do: 'ready' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'interrupt' }) },
  { weight: 2, arbitrary: fc.constantFrom<Step>({ do: 'lose-line' }, { do: 'regain-line' }, { do: 'regain-line' }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 1_500 }) }) },
);

/** A call with sessions that keep to the rules: one response at a time, and something becomes of each request. */
class Call {
  readonly rig = SteadyRig.talking();
  readonly speeches: FollowedSpeech[] = [];
  #responses = 0;
  #active: string | undefined;
  #speech: string | undefined;
  readonly #unwritten: string[] = [];
  readonly #begun = new Set<string>();
  #isReady = true;

  take(step: Step): void {
    if (step.do === 'wait') return this.rig.hear(step.ms);
    if (step.do === 'ask') return void this.speeches.push(this.rig.speak());
    if (step.do === 'interrupt') return this.#interrupt(() => this.rig.bridge.interrupt('api'));
    if (step.do === 'lose-line') return this.#interrupt(() => this.rig.loseLine());
    if (step.do === 'regain-line') return this.rig.regainLine();
    if (step.do === 'ready' || step.do === 'refuse') return this.#open(step.do);
    if (this.#isReady && !this.rig.session.closed) this.#inSession(step.do);
  }

  /** The call comes to its end as it does in time: no more is lost. */
  finish(): void {
    this.rig.regainLine();
    for (let round = 0; round < 12; round += 1) {
      if (this.rig.of('conversation.failed').length > 0) return this.rig.bridge.close();
      this.#open('ready');
      this.#inSession('silence');
      this.#inSession('words');
      this.#inSession('finish');
      this.#inSession('begin');
      this.#inSession('audio');
      this.rig.hearOut(2_000);
    }
  }

  #inSession(step: Step['do']): void {
    if (step === 'begin') this.#begin(this.#waiting[0]);
    if (step === 'answer') this.#begin(undefined, true);
    if (step === 'audio' && this.#active) this.rig.say(this.#active, 'some words ', 300);
    if (step === 'finish' && this.#active) this.#finish(this.#active);
    if (step === 'speech' && !this.#speech) this.#startSpeech();
    if (step === 'silence' && this.#speech) this.#stopSpeech(this.#speech);
    if (step === 'words') this.#write(this.#unwritten.shift());
    if (step === 'lose') this.#lose();
  }

  /** What the session was asked for and has neither begun nor dropped. */
  get #waiting(): string[] {
    const asked = this.rig.session.of('request').map(({ request }) => request.requestId);
    return asked.filter((requestId) => !this.#begun.has(`${this.rig.sessions.length}/${requestId}`));
  }

  #begin(requestId: string | undefined, isOwn = false): void {
    if (this.#active || this.#speech || (requestId === undefined && !isOwn)) return;
    this.#responses += 1;
    this.#active = `response-${this.#responses}`;
    this.#begun.add(`${this.rig.sessions.length}/${requestId}`);
    this.rig.begin(this.#active, requestId);
  }

  #finish(responseId: string): void {
    this.#active = undefined;
    this.rig.finish(responseId);
  }

  #startSpeech(): void {
    // Nobody says two things at one moment.
    this.rig.clock.advance(1);
    this.#speech = `speech-${this.#responses}-${this.rig.sessions.length}-${this.rig.clock.monotonicMs()}`;
    if (this.#active) this.#finish(this.#active);
    this.rig.startSpeech(this.#speech);
  }

  #stopSpeech(itemId: string): void {
    this.#speech = undefined;
    this.#unwritten.push(itemId);
    this.rig.stopSpeech(false);
  }

  #write(itemId: string | undefined): void {
    if (itemId !== undefined) this.rig.write(itemId, 'some words');
  }

  #lose(): void {
    this.#active = undefined;
    this.#speech = undefined;
    this.#unwritten.length = 0;
    this.#isReady = false;
    this.rig.fail();
  }

  #open(how: 'ready' | 'refuse'): void {
    if (this.#isReady || this.rig.session.closed) return;
    if (how === 'refuse') return this.rig.fail(endCall('ai-unavailable'));
    this.#isReady = true;
    this.rig.ready();
  }

  /** A session drops what it is asked for and has not begun. */
  #interrupt(interrupt: () => void): void {
    const { session } = this.rig;
    const waiting = this.#isReady ? this.#waiting : [];
    const cancels = session.of('cancel').length;
    interrupt();
    if (!this.#isReady || session.of('cancel').length === cancels || session.closed) return;
    for (const requestId of waiting) {
      this.#begun.add(`${this.rig.sessions.length}/${requestId}`);
      session.listener.onRequestDropped(requestId);
    }
  }
}

function afterSteps(steps: readonly Step[]): Call {
  const call = new Call();
  for (const step of steps) call.take(step);
  return call;
}

const STEPS = fc.array(STEP, { maxLength: 40 });

test('every speech comes to one end', async () => {
  await fc.assert(
    fc.asyncProperty(STEPS, async (steps) => {
      const call = afterSteps(steps);
      call.finish();
      await settle();

      expect(call.speeches.map(({ outcomes }) => outcomes.length)).toEqual(call.speeches.map(() => 1));
      expect(call.rig.bridge.isAiSpeaking).toBe(false);
    }),
    { numRuns: 100 },
  );
});

test('there is never more than one session that is open, and none when the call has ended', async () => {
  await fc.assert(
    fc.asyncProperty(STEPS, async (steps) => {
      const call = new Call();
      for (const step of steps) {
        call.take(step);
        expect(call.rig.sessions.filter(({ closed }) => !closed).length).toBeLessThanOrEqual(1);
      }
      call.rig.bridge.close();
      await call.rig.bridge.whenSettled();

      expect(call.rig.sessions.filter(({ closed }) => !closed)).toEqual([]);
      expect(call.rig.clock.pendingTimers).toBe(0);
    }),
    { numRuns: 100 },
  );
});

test('what the callee says reaches the record once, however often a session is lost', async () => {
  await fc.assert(
    fc.asyncProperty(STEPS, async (steps) => {
      const call = afterSteps(steps);
      call.finish();
      await settle();

      const starts = call.rig.of('turn.finished').flatMap(({ turn }) => (turn.speaker === 'callee' ? [turn] : []));
      expect(starts.map(({ startedAtMs }) => startedAtMs)).toEqual([
        ...new Set(starts.map(({ startedAtMs }) => startedAtMs)),
      ]);
    }),
    { numRuns: 60 },
  );
});
