/** How exactly the simulated Telnyx measures: what was played at each clear, when the first audio came, the network. */
import * as fc from 'fast-check';
import { encodeMulaw, tone } from '../../../src/simulator/pcm';
import { DelayLine } from '../../../src/simulator/simulated-telnyx/delay-line';
import type { PhoneScript } from '../../../src/simulator/simulated-telnyx/phone-script';
import { PlayoutQueue } from '../../../src/simulator/simulated-telnyx/playout-queue';
import type { SimulatedLeg } from '../../../src/simulator/simulated-telnyx/simulated-leg';
import { SimulatedTelnyx } from '../../../src/simulator/simulated-telnyx/simulated-telnyx';
import { nowMs } from '../../../src/simulator/simulated-telnyx/timing';
import { until } from '../../support/until';
import type { ServedStream } from './simulated-telnyx-harness';
import { api, ServerUnderTest } from './simulated-telnyx-harness';

const NETWORK_DELAY_MS = 120;

// Timers count from the beginning of their turn of the event loop, which in a busy process may be long over.
const LEAST_DELAY_MS = NETWORK_DELAY_MS / 2;

// Longer than any test lasts: what is on the way then stays there.
const ENDLESS_DELAY_MS = 60_000;

// Long enough for the next sound to count as another utterance.
const PAUSE_FRAMES = 30;

let server: ServerUnderTest;
let telnyx: SimulatedTelnyx;

beforeEach(async () => {
  server = await ServerUnderTest.start();
  telnyx = await SimulatedTelnyx.start();
});

afterEach(async () => {
  await telnyx.close();
  await server.close();
});

async function streamedCall(script: PhoneScript = {}): Promise<[SimulatedLeg, ServedStream]> {
  telnyx.setDefaultScript({ ringMs: 0, ...script });
  const { status } = await api(telnyx, '/calls', { body: server.dialBody(telnyx) });
  expect(status).toBe(200);
  const leg = await telnyx.nextLeg();
  await leg.until('stream-started');
  return [leg, await server.stream()];
}

/** Milliseconds of sound in what the callee heard; every sample of the played audio is loud. */
function heardSoundMs(leg: SimulatedLeg): number {
  return leg.heard().filter((sample) => sample !== 0).length / 8;
}

/** So many more frames of the callee's reach the server: each of them is 20 ms on the line. */
async function frames(stream: ServedStream, count: number): Promise<void> {
  const soFar = stream.frames.all.filter(({ event }) => event === 'media').length;
  await stream.media(soFar + count);
}

function loud(ms: number): Buffer {
  return encodeMulaw(new Int16Array(ms * 8).fill(8_000));
}

test('counts what was played at each clear exactly as the callee heard it', async () => {
  const [leg, stream] = await streamedCall();
  stream.play(loud(33));
  stream.play(loud(5_000));
  await leg.until('speech');
  stream.send({ event: 'clear' });
  await leg.next('clear');
  const heardAtFirst = heardSoundMs(leg);

  const again = leg.next('speech');
  await frames(stream, PAUSE_FRAMES);
  stream.play(loud(5_000));
  await again;
  stream.send({ event: 'clear' });
  await leg.next('clear');
  const heardAtSecond = heardSoundMs(leg);
  await frames(stream, 10);

  expect(leg.playedMsAtClear).toEqual([heardAtFirst, heardAtSecond]);
  expect(heardSoundMs(leg)).toBe(heardAtSecond);
  expect(leg.playedMsAtClear[0]).toBeGreaterThanOrEqual(20);
  expect(leg.playedMsAtClear[1]).toBeGreaterThan(leg.playedMsAtClear[0]!);
});

test('counts a tail shorter than a frame by its samples', async () => {
  const [leg, stream] = await streamedCall();
  stream.play(loud(33));
  stream.send({ event: 'mark', mark: { name: 'end' } });
  await stream.frame('mark');

  stream.send({ event: 'clear' });
  await leg.next('clear');

  expect(leg.playedMsAtClear).toEqual([33]);
  expect(leg.clears[0]!.atMs).toBeGreaterThan((await leg.until('speech')).atMs);
});

test('plays exactly what it counts, whatever comes in and is cleared', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('enqueue' as const), samples: fc.integer({ min: 1, max: 700 }) }),
    fc.record({ do: fc.constant('frame' as const) }),
    fc.record({ do: fc.constant('clear' as const) }),
  );

  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new PlayoutQueue();
      let heardSamples = 0;
      for (const what of steps) {
        if (what.do === 'enqueue') queue.enqueue(new Int16Array(what.samples).fill(1));
        else if (what.do === 'clear') queue.clear();
        else heardSamples += queue.takeFrame()?.filter((sample) => sample === 1).length ?? 0;
        expect(queue.playedMs * 8).toBe(heardSamples);
      }
    }),
  );
});

test('tells when the stream started and the first sound arrived, silence not counted', async () => {
  const [leg, stream] = await streamedCall();
  const beforeSilence = leg.firstAudioAtMs;
  stream.play(Buffer.alloc(800, 0xff));
  await leg.next('media');
  const afterSilence = leg.firstAudioAtMs;

  stream.play(encodeMulaw(tone({ hz: 1_000, ms: 100 })));
  const first = await leg.next('media');
  stream.play(encodeMulaw(tone({ hz: 1_000, ms: 100 })));
  const second = await leg.next('media');

  expect([beforeSilence, afterSilence]).toEqual([undefined, undefined]);
  expect(leg.firstAudioAtMs!).toBeGreaterThanOrEqual(first.atMs);
  expect(leg.firstAudioAtMs!).toBeLessThan(second.atMs);
  expect(leg.streamStartedAtMs).toBe((await leg.until('stream-started')).atMs);
  expect(leg.streamStartedAtMs!).toBeGreaterThanOrEqual(leg.answeredAtMs!);
});

test('delays frames in both directions, in their order', async () => {
  const [leg, stream] = await streamedCall({ networkDelayMs: NETWORK_DELAY_MS });
  const start = await stream.frame('start');
  const startArrivedMs = nowMs();
  const sentMs = nowMs();

  stream.play(loud(20));
  stream.send({ event: 'mark', mark: { name: 'one' } });
  stream.send({ event: 'clear' });
  await leg.next('clear');
  const clearArrivedMs = nowMs();
  await stream.frame('mark');

  expect(startArrivedMs - leg.streamStartedAtMs!).toBeGreaterThan(LEAST_DELAY_MS);
  expect(clearArrivedMs - sentMs).toBeGreaterThan(LEAST_DELAY_MS);
  expect(nowMs() - leg.clears[0]!.atMs).toBeGreaterThan(LEAST_DELAY_MS);
  expect(leg.received.map(({ event }) => event)).toEqual(['media', 'mark', 'clear']);
  expect(stream.frames.all.indexOf(start)).toBe(1);
  const numbers = stream.frames.all.slice(1).map((frame) => Number(frame['sequence_number']));
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
});

test('lets the stop arrive late, too, and only then closes', async () => {
  const [leg, stream] = await streamedCall({ networkDelayMs: NETWORK_DELAY_MS });
  await stream.media(3);

  leg.hangUp();
  await stream.close();

  expect(nowMs() - leg.endedAtMs!).toBeGreaterThan(LEAST_DELAY_MS);
  expect(stream.frames.all.at(-1)).toMatchObject({ event: 'stop' });
});

test('takes the last frames of a server that closes the stream', async () => {
  const [leg, stream] = await streamedCall({ networkDelayMs: NETWORK_DELAY_MS });

  stream.play(loud(40));
  stream.socket.close(1000);

  expect(await leg.until('stream-closed')).toMatchObject({ code: 1000, isByCarrier: false });
  expect(leg.received.map(({ event }) => event)).toEqual(['media']);
});

test('loses what is on the way when the connection breaks', async () => {
  const [leg, stream] = await streamedCall({ networkDelayMs: NETWORK_DELAY_MS });
  await stream.frame('start');

  leg.dtmf('5', 'stream');
  leg.dropStream();
  await stream.close();

  expect(leg.sent.map(({ event }) => event)).toContain('dtmf');
  expect(stream.frames.all.map(({ event }) => event)).not.toContain('dtmf');
});

test('leaves no timer behind when closed with frames on the way', async () => {
  const timersBefore = countTimers();
  const [leg, stream] = await streamedCall({ networkDelayMs: ENDLESS_DELAY_MS });
  stream.play(loud(40));
  await until(() => leg.sent.filter(({ event }) => event === 'media').length >= 5);
  leg.hangUp();
  expect(countTimers()).toBeGreaterThan(timersBefore);

  await telnyx.close();
  await server.close();

  // Sockets take a few turns of the event loop to be gone.
  await until(() => countTimers() <= timersBefore, { timeoutMs: 2_000 });
  server = await ServerUnderTest.start();
});

function countTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

test('a delay line without a delay passes everything at once, and one that is cleared nothing', async () => {
  const arrived: string[] = [];
  new DelayLine(0).pass(() => arrived.push('at once'));
  const cleared = new DelayLine(5);
  cleared.pass(() => arrived.push('lost'));
  cleared.clear();
  cleared.pass(() => arrived.push('later'));

  expect(arrived).toEqual(['at once']);
  await new Promise<void>((resolve) => new DelayLine(10).pass(resolve));
  expect(arrived).toEqual(['at once', 'later']);
});
