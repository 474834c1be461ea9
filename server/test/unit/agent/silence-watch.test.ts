import { SilenceWatch } from '../../../src/agent/silence-watch';
import { ManualClock } from '../../support/manual-clock';

const NUDGE_MS = 10_000;
const GOODBYE_MS = 7_000;

let clock: ManualClock;
let told: { readonly step: 'nudge' | 'goodbye'; readonly silentMs: number }[];
let watch: SilenceWatch;

function makeWatch(nudgeMs: number): SilenceWatch {
  return new SilenceWatch(
    { clock, nudgeMs, goodbyeMs: GOODBYE_MS },
    {
      onNudge: (silentMs) => told.push({ step: 'nudge', silentMs }),
      onGoodbye: (silentMs) => told.push({ step: 'goodbye', silentMs }),
    },
  );
}

/** Silence until the nudge, and the AI asks its question for two seconds. */
function nudge(): void {
  watch.onQuiet();
  clock.advance(NUDGE_MS);
  watch.onSpeech();
  clock.advance(2_000);
  watch.onQuiet();
  told = [];
}

beforeEach(() => {
  clock = new ManualClock();
  told = [];
  watch = makeWatch(NUDGE_MS);
});

test('asks after the silence of both sides, no earlier', () => {
  watch.onQuiet();
  clock.advance(NUDGE_MS - 1);
  expect(told).toEqual([]);

  clock.advance(1);

  expect(told).toEqual([{ step: 'nudge', silentMs: NUDGE_MS }]);
});

test('does not measure before both sides have been silent once', () => {
  clock.advance(NUDGE_MS * 10);

  expect(told).toEqual([]);
});

test('measures anew after every speech, and not during it', () => {
  watch.onQuiet();
  clock.advance(NUDGE_MS - 1);
  watch.onSpeech();
  clock.advance(NUDGE_MS * 3);
  watch.onQuiet();
  clock.advance(NUDGE_MS - 1);
  expect(told).toEqual([]);

  clock.advance(1);

  expect(told).toEqual([{ step: 'nudge', silentMs: NUDGE_MS }]);
});

test('says goodbye after the next silence, which begins when the question has been asked', () => {
  nudge();
  clock.advance(GOODBYE_MS - 1);
  expect(told).toEqual([]);

  clock.advance(1);

  expect(told).toEqual([{ step: 'goodbye', silentMs: GOODBYE_MS }]);
});

test('says goodbye all the same when the question is never spoken', () => {
  watch.onQuiet();

  clock.advance(NUDGE_MS + GOODBYE_MS);

  expect(told).toEqual([
    { step: 'nudge', silentMs: NUDGE_MS },
    { step: 'goodbye', silentMs: NUDGE_MS + GOODBYE_MS },
  ]);
});

test('says goodbye once', () => {
  nudge();
  clock.advance(GOODBYE_MS);
  watch.onSpeech();
  watch.onQuiet();
  clock.advance(NUDGE_MS * 10);

  expect(told.map(({ step }) => step)).toEqual(['goodbye']);
  expect(clock.pendingTimers).toBe(0);
});

test('begins with a question again once the callee has spoken', () => {
  nudge();
  watch.onSpeech();
  watch.onCalleeSpoke();
  watch.onQuiet();
  clock.advance(NUDGE_MS);

  expect(told).toEqual([{ step: 'nudge', silentMs: NUDGE_MS }]);
});

test('begins with a question again when it hears of the callee only after the silence began', () => {
  nudge();
  clock.advance(GOODBYE_MS - 1);
  watch.onCalleeSpoke();
  clock.advance(NUDGE_MS - 1);
  expect(told).toEqual([]);

  clock.advance(1);

  expect(told).toEqual([{ step: 'nudge', silentMs: NUDGE_MS }]);
});

test('watches again when the callee speaks into the goodbye', () => {
  nudge();
  clock.advance(GOODBYE_MS);
  told = [];

  watch.onSpeech();
  watch.onCalleeSpoke();
  watch.onQuiet();
  clock.advance(NUDGE_MS);

  expect(told.map(({ step }) => step)).toEqual(['nudge']);
});

test('does not measure while it is suspended, and begins anew with the last resume', () => {
  watch.onQuiet();
  clock.advance(NUDGE_MS - 1);
  watch.suspend();
  watch.suspend();
  clock.advance(NUDGE_MS * 2);
  watch.resume();
  clock.advance(NUDGE_MS * 2);
  watch.resume();
  clock.advance(NUDGE_MS - 1);
  expect(told).toEqual([]);

  clock.advance(1);

  expect(told).toEqual([{ step: 'nudge', silentMs: NUDGE_MS }]);
});

test('waits for the end of a speech that outlasts the suspension', () => {
  watch.onQuiet();
  watch.suspend();
  watch.onSpeech();
  watch.resume();
  clock.advance(NUDGE_MS * 2);
  expect(told).toEqual([]);

  watch.onQuiet();
  clock.advance(NUDGE_MS);

  expect(told).toHaveLength(1);
});

test('is suspended by one suspend even when resumes came before', () => {
  watch.resume();
  watch.suspend();
  watch.onQuiet();

  clock.advance(NUDGE_MS * 2);

  expect(told).toEqual([]);
});

test('keeps the stage across a suspension', () => {
  nudge();
  watch.suspend();
  watch.resume();

  clock.advance(GOODBYE_MS);

  expect(told).toEqual([{ step: 'goodbye', silentMs: GOODBYE_MS }]);
});

test('never says anything when it is off', () => {
  watch = makeWatch(0);
  watch.onQuiet();
  watch.onCalleeSpoke();

  clock.advance(NUDGE_MS * 10);

  expect(told).toEqual([]);
});

test('tells nothing after close, and leaves no timer', () => {
  watch.onQuiet();
  watch.close();
  watch.close();
  watch.onQuiet();
  watch.onCalleeSpoke();
  watch.suspend();
  watch.resume();

  expect(clock.pendingTimers).toBe(0);
  clock.advance(NUDGE_MS * 2);
  expect(told).toEqual([]);
});
