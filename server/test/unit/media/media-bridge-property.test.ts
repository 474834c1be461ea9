// Whatever happens in whatever order: every speech comes to one end, and the model is never told that more was heard
// than was sent.

import fc from 'fast-check';
import type { ItemRef, ResponseOutcome } from '../../../src/calls/conversation-ports';
import type { TurnTaking } from '../../../src/calls/speech';
import { settle } from '../../support/manual-clock';
import { BridgeRig, type FollowedSpeech, SILENCE } from './bridge-rig';
import { BYTES_PER_MS } from './phone-line';

/** Longer than anything still plays, and than a lost mark is waited for. */
const LONG_ENOUGH_MS = 60_000;

type Step =
  | { readonly do: 'request' | 'refuse' | 'begin' | 'begin-unwanted' | 'answer' | 'item-end' }
  | { readonly do: 'audio'; readonly ms: number; readonly isNewItem: boolean }
  | { readonly do: 'done'; readonly status: 'completed' | 'cancelled' | 'incomplete' | 'failed' }
  | { readonly do: 'callee-starts' | 'callee-stops' | 'interrupt' | 'marks' | 'old-marks' | 'stall' }
  | { readonly do: 'listen' | 'take-turns' | 'confirm-turns' }
  | { readonly do: 'wait'; readonly ms: number };

const STEP: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom<Step>({ do: 'request' }, { do: 'begin' }, { do: 'answer' }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('audio' as const),
      ms: fc.integer({ min: 1, max: 1_500 }),
      isNewItem: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('done' as const),
      status: fc.constantFrom('completed', 'completed', 'cancelled', 'incomplete', 'failed'),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 900 }) }) },
  {
    weight: 4,
    arbitrary: fc.constantFrom<Step>(
      { do: 'callee-starts' },
      { do: 'callee-stops' },
      { do: 'interrupt' },
      { do: 'marks' },
      { do: 'old-marks' },
      { do: 'item-end' },
      { do: 'refuse' },
      { do: 'begin-unwanted' },
      { do: 'stall' },
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ do: 'listen' }, { do: 'take-turns' }, { do: 'confirm-turns' }) },
);

type ActiveResponse = {
  readonly responseId: string;
  readonly requestId: string | undefined;
  /** How often the session had been told to cancel when it began: more often by now, and it was meant. */
  readonly cancelsBefore: number;
  hasSound: boolean;
};

/** A bridge, and a session that keeps to the rules: one response at a time, and something becomes of each request. */
class Conversation {
  readonly rig: BridgeRig;
  readonly speeches: FollowedSpeech[] = [];
  /** Requests that are responses, or dropped. */
  readonly #taken = new Set<string>();
  #active: ActiveResponse | undefined;
  #item: ItemRef | undefined;
  /** Who takes the turns as the server has confirmed. */
  #turns: TurnTaking = 'server';
  #lastNumber = 0;
  /** Every item's audio is one byte, other than that of any other and of silence. */
  readonly #bytes = new Map<string, number>();

  constructor(bargeInHoldMs: number) {
    this.rig = BridgeRig.talking({ bargeInHoldMs });
  }

  take(step: Step): void {
    const { rig } = this;
    switch (step.do) {
      case 'request':
        return this.#request();
      case 'refuse':
        return this.#refuse();
      case 'begin':
        return this.#begin(this.#waiting[0], false);
      case 'begin-unwanted':
        return this.#begin(this.#waiting[0], true);
      case 'answer':
        return this.#begin(undefined, false);
      case 'audio':
        return this.#audio(step.ms, step.isNewItem);
      case 'item-end':
        return this.#item && rig.finish(this.#item);
      case 'done':
        return this.#done(step.status);
      case 'callee-starts':
        return rig.bargeIn();
      case 'callee-stops':
        return rig.stopSpeaking(undefined, { isAnswered: this.#turns === 'server' });
      case 'interrupt':
        return this.#interrupt();
      case 'stall':
        return this.#stall();
      case 'listen':
        return rig.bridge.takeTurns('listen');
      case 'take-turns':
        return rig.bridge.takeTurns('server');
      case 'confirm-turns':
        this.#turns = rig.turns ?? 'server';
        return;
      case 'marks':
        return rig.echoMarks();
      case 'old-marks':
        return rig.stream.listener.onMark('mark-1');
      case 'wait':
        return rig.play(step.ms);
    }
  }

  /** The session brings everything to its end, as a real one does in time. */
  finish(): void {
    this.#done('completed');
    for (const requestId of this.#waiting) {
      this.#begin(requestId, false);
      this.#audio(500, true);
      this.#done('completed');
    }
    this.rig.play(LONG_ENOUGH_MS, SILENCE);
  }

  /** Corrections that claim more than went out, or something that the server does not take. */
  get falseCorrections(): unknown[] {
    const sent = this.rig.stream.audio;
    return this.rig.session.of('truncate').filter(({ item, heardMs }) => {
      const byte = this.#bytes.get(item.itemId);
      const sentMs = sent.filter((value) => value === byte).length / BYTES_PER_MS;
      return !Number.isInteger(heardMs) || heardMs <= 0 || heardMs > sentMs;
    });
  }

  /** What the session was asked for, by the test or by the bridge itself, and has not begun. */
  get #waiting(): string[] {
    const requestIds = this.rig.session.of('request').map(({ request }) => request.requestId);
    return requestIds.filter((requestId) => !this.#taken.has(requestId));
  }

  #request(): void {
    this.speeches.push(this.rig.speak({ isProtected: this.#lastNumber % 3 === 0 }));
  }

  #refuse(): void {
    const [requestId] = this.#waiting;
    if (requestId === undefined) return;
    this.#taken.add(requestId);
    this.rig.session.listener.onRequestDropped(requestId);
  }

  /** Whatever waits is dropped by the session as well. */
  #interrupt(): void {
    this.rig.bridge.interrupt('api');
    for (const requestId of this.#waiting) {
      this.#taken.add(requestId);
      this.rig.session.listener.onRequestDropped(requestId);
    }
  }

  /** The session gives a response up in the middle of its sound, and its end is told later. */
  #stall(): void {
    if (this.#active?.hasSound !== true) return;
    const { responseId } = this.#active;
    this.#active = undefined;
    this.rig.done(responseId, 'incomplete');
    this.rig.done(responseId, 'cancelled');
  }

  #begin(requestId: string | undefined, isUnwanted: boolean): void {
    if (this.#active || (isUnwanted && requestId === undefined)) return;
    this.#lastNumber += 1;
    const responseId = `response-${this.#lastNumber}`;
    const cancelsBefore = this.rig.session.of('cancel').length;
    this.#active = { responseId, requestId, cancelsBefore, hasSound: false };
    this.#item = undefined;
    if (requestId !== undefined) this.#taken.add(requestId);
    this.rig.session.listener.onResponseStarted({ responseId, requestId, isUnwanted });
  }

  #audio(ms: number, isNewItem: boolean): void {
    if (!this.#active) return;
    this.#active.hasSound = true;
    if (isNewItem || !this.#item) this.#item = this.#newItem(this.#active.responseId);
    const byte = this.#bytes.get(this.#item.itemId) ?? 0;
    this.rig.session.listener.onAudio(this.#item, Buffer.alloc(ms * BYTES_PER_MS, byte));
  }

  #newItem(responseId: string): ItemRef {
    const itemId = `item-${this.#bytes.size}`;
    this.#bytes.set(itemId, this.#bytes.size % 255);
    return { responseId, itemId, contentIndex: 0 };
  }

  /** What ends without a sound has failed; what failed is asked for again, unless it was cancelled. */
  #done(status: ResponseOutcome['status']): void {
    if (!this.#active) return;
    const { responseId, requestId, cancelsBefore, hasSound } = this.#active;
    const wasCancelled = this.rig.session.of('cancel').length > cancelsBefore;
    const isFailure = !wasCancelled && (status === 'failed' || (status === 'incomplete' && !hasSound));
    this.#active = undefined;
    this.rig.done(responseId, isFailure ? 'failed' : status);
    if (isFailure && requestId !== undefined) this.#taken.delete(requestId);
  }
}

function afterSteps(steps: readonly Step[], holdMs: number, roundTripMs = 0): Conversation {
  const conversation = new Conversation(holdMs);
  conversation.rig.stream.roundTripMs = roundTripMs;
  for (const step of steps) conversation.take(step);
  return conversation;
}

const STEPS = fc.array(STEP, { maxLength: 40 });
const HOLD_MS = fc.constantFrom(0, 100);

test('every speech comes to one end when the session has come to its own', async () => {
  await fc.assert(
    fc.asyncProperty(STEPS, HOLD_MS, async (steps, holdMs) => {
      const conversation = afterSteps(steps, holdMs);
      conversation.finish();
      await settle();

      expect(conversation.speeches.map(({ outcomes }) => outcomes.length)).toEqual(conversation.speeches.map(() => 1));
      expect(conversation.rig.bridge.isAiSpeaking).toBe(false);
    }),
    { numRuns: 60 },
  );
});

test('every speech comes to one end when the call does', async () => {
  await fc.assert(
    fc.asyncProperty(STEPS, fc.constantFrom('close', 'lose'), async (steps, end) => {
      const conversation = afterSteps(steps, 0);
      if (end === 'lose') conversation.rig.stream.listener.onLost(1006);
      conversation.rig.bridge.close();
      await settle();

      expect(conversation.speeches.map(({ outcomes }) => outcomes.length)).toEqual(conversation.speeches.map(() => 1));
    }),
    { numRuns: 60 },
  );
});

test('the model is never told that more was heard of an item than was sent of it', () => {
  fc.assert(
    fc.property(STEPS, HOLD_MS, fc.constantFrom(0, 90, 400), (steps, holdMs, roundTripMs) => {
      expect(afterSteps(steps, holdMs, roundTripMs).falseCorrections).toEqual([]);
    }),
    { numRuns: 150 },
  );
});

test('no item is corrected twice, and none is both truncated and deleted', () => {
  fc.assert(
    fc.property(STEPS, HOLD_MS, (steps, holdMs) => {
      const { session } = afterSteps(steps, holdMs).rig;
      const corrected = [
        ...session.of('truncate').map(({ item }) => item.itemId),
        ...session.of('delete').map(({ itemId }) => itemId),
      ];

      expect(corrected).toHaveLength(new Set(corrected).size);
    }),
    { numRuns: 150 },
  );
});

test('the AI starts before it is quiet again, and never twice in a row', () => {
  fc.assert(
    fc.property(STEPS, HOLD_MS, (steps, holdMs) => {
      const conversation = afterSteps(steps, holdMs);
      conversation.finish();

      const news = conversation.rig.news.filter((word) => word.startsWith('AI'));
      expect(news.filter((word, index) => word === 'AI started' && news[index - 1] === word)).toEqual([]);
      expect(news.at(-1) ?? 'AI quiet').toBe('AI quiet');
    }),
    { numRuns: 60 },
  );
});
