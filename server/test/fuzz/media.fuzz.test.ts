// Frames on a media stream that was let in by its token: whatever they are, nothing breaks, and the call ends when it is
// told to.

import { once } from 'node:events';
import fc from 'fast-check';
import { WebSocket } from 'ws';
import { until } from '../support/until';
import { budget, countRun, LIMIT_MS, tellCounts } from './fuzz-budget';
import { FuzzBridge } from './fuzz-bridge';
import { INHERITED_NAMES, type Json, jsonText, mutated, oddText, RawJson, rendered } from './hostile-values';

let fuzz: FuzzBridge;

beforeAll(async () => {
  fuzz = await FuzzBridge.start({ env: { CALLS_PER_SECOND: '1000' } });
  // The streams are opened here.
  fuzz.bridge.telnyx.setDefaultScript({ ringMs: 0, stream: { kind: 'never' } });
}, 30_000);

afterAll(async () => {
  await fuzz.close();
  tellCounts();
}, 30_000);

const SPEECH = Buffer.alloc(160, 0x2a).toString('base64');

const CONNECTED: Json = { event: 'connected', version: '1.0.0' };
const START: Json = {
  event: 'start',
  sequence_number: '1',
  stream_id: 'stream-1',
  start: {
    call_control_id: 'LEG-ID',
    client_state: 'CLIENT-STATE',
    media_format: { encoding: 'PCMU', sample_rate: 8000, channels: 1 },
  },
};
const MEDIA: Json = {
  event: 'media',
  stream_id: 'stream-1',
  media: { track: 'inbound', chunk: '2', timestamp: '40', payload: SPEECH },
};

const FRAMES: readonly Json[] = [
  CONNECTED,
  START,
  MEDIA,
  MEDIA,
  MEDIA,
  { event: 'mark', stream_id: 'stream-1', mark: { name: 'mark-1' } },
  { event: 'dtmf', stream_id: 'stream-1', dtmf: { digit: '5' } },
  { event: 'stop', stream_id: 'stream-1', stop: { call_control_id: 'LEG-ID' } },
  { event: 'clear' },
  { event: 'error', payload: { code: 100003, title: 'malformed_frame', detail: 'x' } },
];

const chunkNumber: fc.Arbitrary<Json> = fc.oneof(
  fc.integer({ min: -5, max: 60 }).map(String),
  fc.constantFrom<Json>('9007199254740993', '-1', '0', 'NaN', 'Infinity', '', null, 1.5, 2 ** 53, new RawJson('1e999')),
);

const payload = fc.oneof(
  fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes).toString('base64')),
  fc.constantFrom(SPEECH, SPEECH.slice(0, -1), `${SPEECH}=`, '=', '====', '\u00e9\u00e9', 'A', '-_-_'),
  fc.constant('A'.repeat(60_000)),
  oddText(),
);

const audio = fc
  .record({
    chunk: chunkNumber,
    payload,
    track: fc.constantFrom('inbound', 'inbound', 'inbound', 'outbound', '__proto__'),
  })
  .map((media) => rendered({ event: 'media', stream_id: 'stream-1', media }));

const mark = fc
  .oneof(fc.constantFrom(...INHERITED_NAMES), oddText())
  .map((name) => rendered({ event: 'mark', mark: { name } }));

const frame: fc.Arbitrary<string | Buffer> = fc.oneof(
  { weight: 5, arbitrary: audio },
  { weight: 2, arbitrary: mark },
  { weight: 5, arbitrary: jsonText(mutated(fc.constantFrom(...FRAMES))) },
  { weight: 2, arbitrary: fc.constantFrom(...FRAMES).map(rendered) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)) },
);

const start = fc.oneof(
  { weight: 6, arbitrary: fc.constant(rendered(START)) },
  { weight: 1, arbitrary: fc.constantFrom('PCMA', 'L16', 'OPUS', '').map((encoding) => startWith({ encoding })) },
  { weight: 3, arbitrary: mutated(fc.constant(START)).map(rendered) },
);

function startWith(format: Record<string, Json>): string {
  return rendered(START).replace('"encoding":"PCMU"', `"encoding":${JSON.stringify(format['encoding'])}`);
}

type Door = { readonly url: string; readonly token: string; readonly legId: string };

async function placed(): Promise<{ readonly callId: string; readonly door: Door }> {
  const callId = await fuzz.bridge.place({ opening: 'greet' });
  const leg = await fuzz.bridge.telnyx.nextLeg();
  const { stream_url: url, stream_auth_token: token } = leg.dialBody as unknown as Record<string, string>;
  return { callId, door: { url: url!, token: token!, legId: leg.carrierCallId } };
}

/** Opens the call's stream and says all that, with a moment in between where one is due. */
async function stream(
  { url, token, legId }: Door,
  callId: string,
  frames: readonly (string | Buffer)[],
): Promise<WebSocket> {
  const socket = new WebSocket(url, { headers: { 'x-telnyx-streaming-auth-token': token } });
  socket.on('error', () => undefined);
  await once(socket, 'open');
  for (const each of frames) {
    if (socket.readyState !== socket.OPEN) break;
    const state = Buffer.from(callId).toString('base64');
    socket.send(typeof each === 'string' ? each.replaceAll('LEG-ID', legId).replaceAll('CLIENT-STATE', state) : each);
  }
  return socket;
}

test(
  'a stream of any frames harms nothing, and the call ends with its socket closed and no leg up',
  async () => {
    const frames = fc.array(frame, { minLength: 1, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(start, frames, fc.constantFrom('open', 'close', 'break'), async (first, rest, ending) => {
        countRun('media streams');
        const { callId, door } = await placed();

        const socket = await stream(door, callId, [rendered(CONNECTED), first, ...rest]);
        await new Promise((resolve) => void setImmediate(resolve));
        if (ending === 'close') socket.close();
        if (ending === 'break') socket.terminate();

        await fuzz.expectEnded(callId);
        await until(() => socket.readyState === socket.CLOSED, { timeoutMs: 8_000 });
        await fuzz.bridge.telnyx.allLegsDown();
        await fuzz.expectSound();
      }),
      budget(30),
    );
  },
  LIMIT_MS,
);

test(
  'a message that is larger than any frame closes the stream and not the server',
  async () => {
    const { callId, door } = await placed();
    const socket = await stream(door, callId, [rendered(START), Buffer.alloc(5_000_000, 0x7b)]);

    await until(() => socket.readyState === socket.CLOSED, { timeoutMs: 8_000 });

    await fuzz.expectEnded(callId);
    await fuzz.expectSound();
  },
  LIMIT_MS,
);
