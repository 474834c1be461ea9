// What goes to Telnyx over HTTP for each command, and what becomes of the answers, against a real server.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CarrierError } from '../../../src/calls/errors';
import type { LegCommand, TransferRequest } from '../../../src/calls/ports';
import { toClientState } from '../../../src/carriers/telnyx/client-state';
import { TelnyxCarrier } from '../../../src/carriers/telnyx/telnyx-carrier';
import { aCallId, aDialRequest } from '../../support/builders';
import { ManualClock } from '../../support/manual-clock';
import { until } from '../../support/until';

const COMMAND: LegCommand = { callId: aCallId(), carrierCallId: 'v3:leg', commandId: aCallId(7) };
const COMMAND_FIELDS = { command_id: aCallId(7), client_state: toClientState(aCallId()) };
const STREAM = { url: 'wss://bridge.example/media', token: 'secret' };
const TRANSFER: TransferRequest = {
  to: '+12025550177',
  from: '+12025550100',
  attempt: 2,
  ringTimeoutSeconds: 30,
  timeLimitSeconds: 540,
};

type Received = { readonly path: string | undefined; readonly body: Readonly<Record<string, unknown>> };
type Answer = { readonly status: number; readonly body: object };

const TAKEN: Answer = { status: 200, body: { data: { result: 'ok', call_control_id: 'v3:leg' } } };

let server: Server;
let clock: ManualClock;
let carrier: TelnyxCarrier;
let received: Received[];
/** What Telnyx answers, one after the other; then it takes everything. */
let answers: Answer[];

beforeEach(async () => {
  clock = new ManualClock();
  received = [];
  answers = [];
  server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => (text += part));
    request.on('end', () => {
      received.push({ path: request.url, body: (text === '' ? {} : JSON.parse(text)) as Received['body'] });
      const { status, body } = answers.shift() ?? TAKEN;
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const settings = {
    apiKey: 'key',
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2`,
    connectionId: 'connection-1',
    webhookUrl: 'https://bridge.example/webhooks',
    stream: { codec: 'PCMU', sampleRateHz: 8_000 },
  } as const;
  carrier = new TelnyxCarrier(settings, clock);
});

afterEach(stop);

async function stop(): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
}

function refusal(status: number, code: string): Answer {
  return { status, body: { errors: [{ code, title: 'Title', detail: 'Detail' }] } };
}

describe('a dial', () => {
  test('asks for the call, its stream and its webhooks, and learns the id of the leg', async () => {
    const request = aDialRequest({ ringTimeoutSeconds: 40, timeLimitSeconds: 600, stream: STREAM });

    expect(await carrier.dial(request)).toEqual({ carrierCallId: 'v3:leg' });

    expect(received).toEqual([{ path: '/v2/calls', body: expect.any(Object) as object }]);
    expect(received[0]?.body).toMatchObject({
      connection_id: 'connection-1',
      to: request.to,
      from: request.from,
      command_id: aCallId(),
      client_state: toClientState(aCallId()),
      webhook_url: 'https://bridge.example/webhooks',
      timeout_secs: 40,
      time_limit_secs: 600,
      stream_url: STREAM.url,
      stream_auth_token: STREAM.token,
      stream_bidirectional_mode: 'rtp',
    });
  });

  test('asks for premium detection of machines', async () => {
    await carrier.dial(aDialRequest({ detectsMachine: true }));

    expect(received[0]?.body).toMatchObject({ answering_machine_detection: 'premium' });
  });

  test('says nothing of detection when there is to be none, since any word may cost money', async () => {
    await carrier.dial(aDialRequest({ detectsMachine: false }));

    expect(received[0]?.body).not.toHaveProperty('answering_machine_detection');
  });

  test('is repeated once under the same command id, so that it is one call all the same', async () => {
    answers = [refusal(503, '10007')];

    const dialing = carrier.dial(aDialRequest());
    await until(() => clock.pendingTimers > 0);
    clock.advance(500);

    expect(await dialing).toEqual({ carrierCallId: 'v3:leg' });
    expect(received.map(({ body }) => body['command_id'])).toEqual([aCallId(), aCallId()]);
  });

  test('that is refused is not repeated', async () => {
    answers = [refusal(403, '10010')];

    await expect(carrier.dial(aDialRequest())).rejects.toMatchObject({ failure: 'refused', httpStatus: 403 });
    expect(received).toHaveLength(1);
  });
});

describe('a command', () => {
  test('hangs up', async () => {
    await carrier.hangUp(COMMAND);

    expect(received).toEqual([{ path: '/v2/calls/v3:leg/actions/hangup', body: COMMAND_FIELDS }]);
  });

  test('asks for the stream once more', async () => {
    await carrier.startStream(COMMAND, STREAM);

    expect(received[0]?.path).toBe('/v2/calls/v3:leg/actions/streaming_start');
    expect(received[0]?.body).toMatchObject({
      ...COMMAND_FIELDS,
      stream_url: STREAM.url,
      stream_auth_token: STREAM.token,
      stream_codec: 'PCMU',
    });
  });

  test('speaks', async () => {
    await carrier.speak(COMMAND, 'Sorry.');

    expect(received[0]?.path).toBe('/v2/calls/v3:leg/actions/speak');
    expect(received[0]?.body).toMatchObject({ ...COMMAND_FIELDS, payload: 'Sorry.', payload_type: 'text' });
  });

  test('plays digits, as long as Telnyx thinks fit', async () => {
    await carrier.sendDigits(COMMAND, '1w2#');

    const body = { ...COMMAND_FIELDS, digits: '1w2#' };
    expect(received).toEqual([{ path: '/v2/calls/v3:leg/actions/send_dtmf', body }]);
  });

  test('transfers, and marks the new leg as that attempt of our call while the first leg stays what it was', async () => {
    await carrier.transfer(COMMAND, TRANSFER);

    const body = {
      ...COMMAND_FIELDS,
      to: '+12025550177',
      from: '+12025550100',
      timeout_secs: 30,
      time_limit_secs: 540,
      target_leg_client_state: toClientState(aCallId(), 2),
      webhook_url: 'https://bridge.example/webhooks',
      webhook_url_method: 'POST',
    };
    expect(received).toEqual([{ path: '/v2/calls/v3:leg/actions/transfer', body }]);
  });

  test('transfers to a SIP address as it is given', async () => {
    await carrier.transfer(COMMAND, { ...TRANSFER, to: 'sip:desk@example.com' });

    expect(received[0]?.body).toMatchObject({ to: 'sip:desk@example.com' });
  });
});

describe.each<[string, () => Promise<void>]>([
  ['streaming_start', () => carrier.startStream(COMMAND, STREAM)],
  ['speak', () => carrier.speak(COMMAND, 'Sorry.')],
  ['send_dtmf', () => carrier.sendDigits(COMMAND, '1')],
  ['transfer', () => carrier.transfer(COMMAND, TRANSFER)],
])('%s', (name, command) => {
  test('to a leg that is down is refused, in our words', async () => {
    answers = [refusal(422, '90018')];

    const error: unknown = await command().catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(CarrierError);
    expect(error).toMatchObject({ failure: 'refused', httpStatus: 422, carrierCode: '90018' });
    expect(String(error)).toContain(name);
  });

  test('is made once, whatever comes of it', async () => {
    answers = [refusal(503, '10007')];

    await expect(command()).rejects.toMatchObject({ failure: 'outcome-unknown', httpStatus: 503 });
    expect(received).toHaveLength(1);
  });

  test('to a Telnyx that cannot be reached fails in our words too', async () => {
    await stop();

    const error: unknown = await command().catch((reason: unknown) => reason);

    // Which failure it is cannot be told here: under jest the SDK takes the socket's error for a foreign one.
    expect(error).toBeInstanceOf(CarrierError);
    expect(error).toMatchObject({ httpStatus: undefined, retryable: true });
  });
});

describe('a hang-up', () => {
  test.each([
    [422, '90018'],
    [422, '90015'],
    [404, '10005'],
  ])('of a leg that is gone (%i, %s) has what it wanted', async (status, code) => {
    answers = [refusal(status, code)];

    await expect(carrier.hangUp(COMMAND)).resolves.toBeUndefined();
  });

  test('that is refused for another reason is told of', async () => {
    answers = [refusal(401, '10009')];

    await expect(carrier.hangUp(COMMAND)).rejects.toMatchObject({ failure: 'refused', httpStatus: 401 });
  });
});

describe('whether a leg is alive', () => {
  test.each([true, false])('is what Telnyx says: %s', async (isAlive) => {
    answers = [{ status: 200, body: { data: { call_control_id: 'v3:leg', is_alive: isAlive, record_type: 'call' } } }];

    expect(await carrier.isAlive('v3:le/g')).toBe(isAlive);
    expect(received).toEqual([{ path: '/v2/calls/v3:le%2Fg', body: {} }]);
  });

  test.each([
    [404, '10005'],
    [422, '90015'],
    [422, '90018'],
  ])('is no when Telnyx does not know it (any more): %i, %s', async (status, code) => {
    answers = [refusal(status, code)];

    expect(await carrier.isAlive('v3:leg')).toBe(false);
  });

  test.each<[string, Answer]>([
    ['fails', refusal(500, '10007')],
    ['wants another key', refusal(401, '10009')],
    ['does not say', { status: 200, body: { data: {} } }],
  ])('is not known while Telnyx %s', async (_what, answer) => {
    answers = [answer];

    await expect(carrier.isAlive('v3:leg')).rejects.toBeInstanceOf(CarrierError);
  });
});

describe('the legs that are up', () => {
  function aPage(legs: readonly (readonly [id: string, clientState: unknown])[], meta: object): Answer {
    const data = legs.map(([id, clientState]) => ({ call_control_id: id, client_state: clientState }));
    return { status: 200, body: { data, meta } };
  }

  test('come with the call that each belongs to, legs of transfers too', async () => {
    const ours = toClientState(aCallId());
    const transferred = toClientState(aCallId(), 2);
    const foreign = Buffer.from('have a nice day').toString('base64');
    answers = [
      aPage(
        [
          ['v3:a', ours],
          ['v3:b', transferred],
          ['v3:c', foreign],
          ['v3:d', ''],
          ['v3:e', 7],
        ],
        { total_items: 5 },
      ),
    ];

    expect(await carrier.liveLegs()).toEqual([
      { carrierCallId: 'v3:a', callId: aCallId() },
      { carrierCallId: 'v3:b', callId: aCallId() },
      { carrierCallId: 'v3:c', callId: undefined },
      { carrierCallId: 'v3:d', callId: undefined },
      { carrierCallId: 'v3:e', callId: undefined },
    ]);
    expect(received[0]?.path).toBe('/v2/connections/connection-1/active_calls?page%5Bsize%5D=250');
  });

  test.each<[string, object, string]>([
    ['cursor', { cursors: { before: null, after: 'v1:x=' } }, 'page%5Bafter%5D=v1%3Ax%3D'],
    ['number', { page_number: 1, total_pages: 2 }, 'page%5Bnumber%5D=2'],
  ])('are read to the last page, by %s', async (_how, meta, query) => {
    answers = [aPage([['v3:a', '']], meta), aPage([['v3:b', '']], { cursors: {}, page_number: 2, total_pages: 2 })];

    const legs = await carrier.liveLegs();

    expect(legs.map(({ carrierCallId }) => carrierCallId)).toEqual(['v3:a', 'v3:b']);
    expect(received).toHaveLength(2);
    expect(received[1]?.path).toContain(query);
  });

  test('are not counted twice when the list moves between two pages', async () => {
    const page = aPage([['v3:a', '']], { page_number: 1, total_pages: 2 });
    answers = [page, { ...page, body: { ...page.body, meta: {} } }];

    expect(await carrier.liveLegs()).toHaveLength(1);
  });

  test('a page that is empty is the last one, whatever it says', async () => {
    answers = [aPage([], { cursors: { after: 'v1:x' } })];

    expect(await carrier.liveLegs()).toEqual([]);
    expect(received).toHaveLength(1);
  });

  test.each<[string, readonly Answer[]]>([
    ['the first page fails', [refusal(503, '10007')]],
    ['a later page fails', [aPage([['v3:a', '']], { page_number: 1, total_pages: 2 }), refusal(429, '10011')]],
    ['there is no list', [{ status: 200, body: {} }]],
  ])('are not known when %s', async (_what, failing) => {
    answers = [...failing];

    await expect(carrier.liveLegs()).rejects.toBeInstanceOf(CarrierError);
  });
});
