// A stream of the carrier that sends what no phone call has: its call ends, and the one beside it does not notice. The
// real door from the upgrade on; real time, as the limit is one of frames per second.

import { WebSocket } from 'ws';
import { toClientState } from '../../src/carriers/telnyx/client-state';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';

const OTHER = '+12025550124';
const MEDIA = JSON.stringify({
  event: 'media',
  media: { track: 'inbound', payload: Buffer.alloc(160, 255).toString('base64') },
});

type Dial = {
  readonly stream_url: string;
  readonly stream_auth_token: string;
  readonly client_state: string;
};

let bridge: TestBridge;
let peers: WebSocket[];

beforeEach(async () => {
  peers = [];
  bridge = await TestBridge.start();
  bridge.openai.setDefaultScript({ turns: [{ say: [{ toneHz: 700, ms: 300, text: 'Hello.' }] }], otherwise: {} });
  // The phone network itself brings no stream to this one: the test does.
  bridge.telnyx.setDefaultScript({ ringMs: 20, stream: { kind: 'never' } });
  bridge.telnyx.script(OTHER, { ringMs: 20 });
});

afterEach(async () => {
  for (const peer of peers) peer.terminate();
  await bridge.close();
});

/** Places a call whose stream a test plays, and waits for its answer. */
async function answered(): Promise<{ readonly callId: string; readonly dial: Dial; readonly carrierCallId: string }> {
  const callId = await bridge.place();
  await bridge.entry(callId, 'call.in-progress');
  const request = await bridge.telnyx.request(
    'dial',
    ({ body }) => (body as Dial).client_state === toClientState(callId),
  );
  return { callId, dial: request.body as Dial, carrierCallId: bridge.telnyx.leg('+12025550123')!.carrierCallId };
}

async function connected({ stream_url: url, stream_auth_token: token }: Dial, given = token): Promise<WebSocket> {
  const peer = new WebSocket(url, { headers: { 'x-telnyx-streaming-auth-token': given }, perMessageDeflate: false });
  peers.push(peer);
  peer.on('error', () => undefined);
  await until(() => peer.readyState !== WebSocket.CONNECTING);
  return peer;
}

function start(carrierCallId: string, clientState: string): string {
  return JSON.stringify({
    event: 'start',
    stream_id: 'stream-of-the-test',
    start: {
      call_control_id: carrierCallId,
      client_state: clientState,
      media_format: { encoding: 'PCMU', sample_rate: 8000, channels: 1 },
    },
  });
}

test.each<[string, (peer: WebSocket) => void]>([
  ['audio', (peer) => peer.send(MEDIA)],
  ['pings', (peer) => peer.ping()],
  ['binary frames', (peer) => peer.send(Buffer.alloc(64))],
])('a flood of %s ends the call, takes its leg down, and leaves the other call alone', async (_what, send) => {
  const otherId = await bridge.place({ to: OTHER });
  await bridge.entry(otherId, 'stream.started');
  const { callId, dial, carrierCallId } = await answered();
  const peer = await connected(dial);
  peer.send(start(carrierCallId, dial.client_state));
  await bridge.entry(callId, 'stream.started');

  for (let count = 0; count < 3_000; count += 1) send(peer);
  const record = await bridge.ended(callId);

  expect(record).toMatchObject({ status: 'failed', verdict: { reason: 'media-flood' } });
  expect(bridge.telnyx.liveLegs()).toHaveLength(1);
  expect(peer.readyState).not.toBe(WebSocket.OPEN);
  expect(await bridge.call(otherId)).toMatchObject({ status: 'in-progress' });
});

test('a flood before the stream has said which call it is closes the socket', async () => {
  const { callId, dial } = await answered();
  const peer = await connected(dial);

  for (let count = 0; count < 3_000; count += 1) peer.send(MEDIA);
  await until(() => peer.readyState === WebSocket.CLOSED);

  expect(bridge.entries.filter((entry) => entry.callId === callId && entry.type === 'stream.started')).toEqual([]);
});

test('a token opens no way for a stream that then says that it belongs to another call', async () => {
  const otherId = await bridge.place({ to: OTHER });
  await bridge.entry(otherId, 'stream.started');
  const { callId, dial, carrierCallId } = await answered();
  const peer = await connected(dial);

  peer.send(start(carrierCallId, toClientState(otherId)));
  await until(() => peer.readyState === WebSocket.CLOSED);

  expect(bridge.entries.filter(({ type }) => type === 'stream.started')).toHaveLength(1);
  expect(await bridge.call(callId)).toMatchObject({ status: 'in-progress' });
});

test('a token opens no way for a stream of another leg', async () => {
  const otherId = await bridge.place({ to: OTHER });
  await bridge.entry(otherId, 'stream.started');
  const { callId, dial } = await answered();
  const peer = await connected(dial);

  peer.send(start(bridge.telnyx.leg(OTHER)!.carrierCallId, dial.client_state));
  await until(() => peer.readyState === WebSocket.CLOSED);

  expect(bridge.entries.filter((entry) => entry.callId === callId && entry.type === 'stream.started')).toEqual([]);
});
