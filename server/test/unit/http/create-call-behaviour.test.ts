// What a request may say about how the AI behaves: what it leads to, and every way to say it wrongly.

import request from 'supertest';
import { type CallBehaviour, DEFAULT_BEHAVIOUR, type HttpToolDefinition } from '../../../src/calls/behaviour';
import { settle } from '../../support/manual-clock';
import { HttpRig, problemFields } from './http-rig';

const TO = '+12025550123';
const DESK = '+12025550177';

const TOOL = { name: 'find_order', description: 'Finds an order by its number.', url: 'https://tools.example/orders' };

const LEAVES_MESSAGE = { answeringMachine: 'leave-message' } as const;

function create(rig: HttpRig, body: object): request.Test {
  return request(rig.app)
    .post('/api/ai-calls/create')
    .send({ to: TO, ...body });
}

/** The behaviour of a call that was asked for with `body`. */
async function behaviour(body: object, rig = new HttpRig()): Promise<CallBehaviour> {
  const answer = await create(rig, body).expect(201);
  await settle();
  return (await rig.calls.call(String(answer.body.callId))).behaviour;
}

describe('the behaviour of a call', () => {
  test('is the one of the settings when nothing is asked for', async () => {
    const settings = { opening: 'silent', bargeInHoldMs: 300, voicemailMessage: 'Call us.' } as const;

    expect(await behaviour({}, new HttpRig({ behaviour: settings }))).toEqual({ ...DEFAULT_BEHAVIOUR, ...settings });
  });

  test.each<[object]>([
    [{ opening: 'greet' }],
    [{ opening: 'wait-for-hello', helloTimeoutMs: 500 }],
    [{ helloTimeoutMs: 30_000, protectGreeting: true }],
    [{ opening: 'silent', protectGreeting: false }],
    [{ answeringMachine: 'hang-up' }],
    [{ answeringMachine: 'off' }],
    [{ answeringMachine: 'ignore' }],
    [{ ...LEAVES_MESSAGE, voicemailMessage: 'a'.repeat(1_000) }],
    [{ turnDetection: { type: 'server-vad', threshold: 0, prefixPaddingMs: 0, silenceMs: 5_000 } }],
    [{ turnDetection: { type: 'server-vad', threshold: 1, prefixPaddingMs: 2_000, silenceMs: 100 } }],
    [{ turnDetection: { type: 'semantic-vad', eagerness: 'low' } }],
    [{ noiseReduction: 'far-field', bargeInHoldMs: 1_000 }],
    [{ noiseReduction: 'off', bargeInHoldMs: 0 }],
    [{ silenceNudgeSeconds: 0, silenceGoodbyeSeconds: 3 }],
    [{ silenceNudgeSeconds: 300, silenceGoodbyeSeconds: 300 }],
    [{ builtInTools: [] }],
    [{ builtInTools: ['transfer_call', 'end_call', 'send_dtmf', 'remaining_time'] }],
    [{ transferTargets: [{ name: 'Front desk-1_a', to: DESK, description: 'a'.repeat(200) }] }],
    [{ transferTargets: Array.from({ length: 20 }, (_, index) => ({ name: `Desk ${index}`, to: DESK })) }],
  ])('is what was asked for, and by the settings otherwise: %j', async (asked) => {
    expect(await behaviour(asked)).toEqual({ ...DEFAULT_BEHAVIOUR, ...asked });
  });

  test.each([
    [{ type: 'server-vad' }, undefined, DEFAULT_BEHAVIOUR.turnDetection],
    [{ type: 'server-vad', silenceMs: 900 }, undefined, { ...DEFAULT_BEHAVIOUR.turnDetection, silenceMs: 900 }],
    [
      { type: 'server-vad', threshold: 0.9 },
      { threshold: 0.2, silenceMs: 700 },
      { threshold: 0.9, silenceMs: 700 },
    ],
    [{ type: 'semantic-vad' }, undefined, { type: 'semantic-vad', eagerness: 'auto' }],
    [{ type: 'semantic-vad' }, { eagerness: 'high' }, { type: 'semantic-vad', eagerness: 'high' }],
    [
      { type: 'server-vad', threshold: 0.9 },
      { eagerness: 'high' },
      { ...DEFAULT_BEHAVIOUR.turnDetection, threshold: 0.9 },
    ],
  ])('turn detection %j over the settings %j is whole', async (turnDetection, settings, expected) => {
    const usual = 'eagerness' in (settings ?? {}) ? { type: 'semantic-vad' } : DEFAULT_BEHAVIOUR.turnDetection;
    const rig = new HttpRig({
      behaviour: { turnDetection: { ...usual, ...settings } as CallBehaviour['turnDetection'] },
    });

    expect((await behaviour({ turnDetection }, rig)).turnDetection).toMatchObject(expected);
  });

  test('has the tools of the request instead of those of the settings, filled in', async () => {
    const other: HttpToolDefinition = {
      ...TOOL,
      name: 'other',
      method: 'GET',
      headers: {},
      parameters: { type: 'object' },
      timeoutMs: 1_000,
      whileRunning: 'wait',
    };
    const rig = new HttpRig({ behaviour: { tools: [other] } });

    expect((await behaviour({}, rig)).tools).toEqual([other]);
    expect((await behaviour({ tools: [] }, rig)).tools).toEqual([]);
    expect((await behaviour({ tools: [TOOL] }, rig)).tools).toEqual([
      {
        ...TOOL,
        parameters: { type: 'object', properties: {} },
        method: 'POST',
        headers: {},
        timeoutMs: 10_000,
        whileRunning: 'talk',
      },
    ]);
  });

  test('may use secrets of the server in the headers of its tools', async () => {
    const headers = { authorization: 'Bearer ${TOOL_KEY}', 'x-two': '${TOOL_A}${TOOL_B}' };
    const rig = new HttpRig({ toolSecretNames: ['TOOL_KEY', 'TOOL_A', 'TOOL_B'] });

    expect((await behaviour({ tools: [{ ...TOOL, headers }] }, rig)).tools[0]?.headers).toEqual(headers);
  });

  test('may use tools of the settings that send a secret anywhere', async () => {
    const own: HttpToolDefinition = {
      ...TOOL,
      url: 'http://elsewhere.example',
      method: 'GET',
      headers: { key: '${TOOL_KEY}' },
      parameters: { type: 'object' },
      timeoutMs: 1_000,
      whileRunning: 'wait',
    };
    const rig = new HttpRig({ behaviour: { tools: [own] }, toolSecretHosts: [], allowsPrivateUrls: false });

    expect((await behaviour({}, rig)).tools).toEqual([own]);
  });

  test('may hold transfers to SIP addresses on hosts that are set', async () => {
    const transferTargets = [{ name: 'Desk', to: 'sip:desk@pbx.example' }];

    expect(await behaviour({ transferTargets }, new HttpRig({ sipDomains: ['pbx.example'] }))).toMatchObject({
      transferTargets,
    });
  });

  test('leaves a message of the settings alone that this call has no use for', async () => {
    const rig = new HttpRig({ behaviour: { ...LEAVES_MESSAGE, voicemailMessage: 'Call us.' } });

    expect(await behaviour({ answeringMachine: 'off' }, rig)).toMatchObject({ answeringMachine: 'off' });
  });

  test('may have a message of its own where the settings leave messages', async () => {
    const rig = new HttpRig({ behaviour: LEAVES_MESSAGE });

    expect((await behaviour({ voicemailMessage: 'Later.' }, rig)).voicemailMessage).toBe('Later.');
  });

  test('is part of what an Idempotency-Key stands for', async () => {
    const rig = new HttpRig();
    const first = { turnDetection: { type: 'server-vad', silenceMs: 700 }, builtInTools: ['end_call'] };
    const same = { builtInTools: ['end_call'], turnDetection: { silenceMs: 700, type: 'server-vad' } };
    await create(rig, first).set('Idempotency-Key', 'key-1').expect(201);

    const again = await create(rig, same).set('Idempotency-Key', 'key-1');
    const other = await create(rig, { ...first, builtInTools: [] }).set('Idempotency-Key', 'key-1');

    expect(again.headers['idempotent-replayed']).toBe('true');
    problemFields(other, 'IDEMPOTENCY_KEY_REUSED');
  });
});

describe('a field that is wrong is named', () => {
  test.each<[object, string]>([
    [{ opening: 'shout' }, 'opening'],
    [{ helloTimeoutMs: 499 }, 'helloTimeoutMs'],
    [{ helloTimeoutMs: 30_001 }, 'helloTimeoutMs'],
    [{ helloTimeoutMs: '2500' }, 'helloTimeoutMs'],
    [{ protectGreeting: 'true' }, 'protectGreeting'],
    [{ answeringMachine: true }, 'answeringMachine'],
    [{ voicemailMessage: 'Call us.' }, 'voicemailMessage'],
    [{ voicemailMessage: 'Call us.', answeringMachine: 'hang-up' }, 'voicemailMessage'],
    [{ ...LEAVES_MESSAGE, voicemailMessage: '' }, 'voicemailMessage'],
    [{ ...LEAVES_MESSAGE, voicemailMessage: 'a'.repeat(1_001) }, 'voicemailMessage'],
    [{ greeting: 'Hello.', opening: 'silent' }, 'greeting'],
    [{ turnDetection: 'server-vad' }, 'turnDetection'],
    [{ turnDetection: {} }, 'turnDetection.type'],
    [{ turnDetection: { type: 'server_vad' } }, 'turnDetection.type'],
    [{ turnDetection: { type: 'server-vad', threshold: 1.1 } }, 'turnDetection.threshold'],
    [{ turnDetection: { type: 'server-vad', prefixPaddingMs: 2_001 } }, 'turnDetection.prefixPaddingMs'],
    [{ turnDetection: { type: 'server-vad', silenceMs: 99 } }, 'turnDetection.silenceMs'],
    [{ turnDetection: { type: 'server-vad', eagerness: 'low' } }, 'turnDetection.eagerness'],
    [{ turnDetection: { type: 'semantic-vad', eagerness: 'very' } }, 'turnDetection.eagerness'],
    [{ turnDetection: { type: 'semantic-vad', silenceMs: 500 } }, 'turnDetection.silenceMs'],
    [{ noiseReduction: null }, 'noiseReduction'],
    [{ bargeInHoldMs: 1_001 }, 'bargeInHoldMs'],
    [{ bargeInHoldMs: 0.5 }, 'bargeInHoldMs'],
    [{ silenceNudgeSeconds: -1 }, 'silenceNudgeSeconds'],
    [{ silenceNudgeSeconds: 301 }, 'silenceNudgeSeconds'],
    [{ silenceGoodbyeSeconds: 2 }, 'silenceGoodbyeSeconds'],
    [{ silenceGoodbyeSeconds: 301 }, 'silenceGoodbyeSeconds'],
    [{ builtInTools: 'end_call' }, 'builtInTools'],
    [{ builtInTools: ['hang_up'] }, 'builtInTools.0'],
    [{ builtInTools: ['end_call', 'end_call'] }, 'builtInTools'],
    [{ tools: TOOL }, 'tools'],
    [{ tools: [{ ...TOOL, url: 'ftp://tools.example' }] }, 'tools.0.url'],
    [{ tools: [{ ...TOOL, name: 'end_call' }] }, 'tools.0.name'],
    [{ tools: [{ ...TOOL, secret: 'x' }] }, 'tools.0.secret'],
    [{ tools: [TOOL, { ...TOOL, url: 'https://b.example' }] }, 'tools.1.name'],
    [{ tools: Array.from({ length: 33 }, (_, index) => ({ ...TOOL, name: `tool_${index}` })) }, 'tools'],
    [{ tools: [{ ...TOOL, headers: { 'x-key': '${OPENAI_API_KEY}' } }] }, 'tools.0.headers.x-key'],
    [{ tools: [TOOL, { ...TOOL, name: 'b', headers: { 'x-key': '${TOOL_B}' } }] }, 'tools.1.headers'],
    [{ transferTargets: {} }, 'transferTargets'],
    [{ transferTargets: [DESK] }, 'transferTargets.0'],
    [{ transferTargets: [{ to: DESK }] }, 'transferTargets.0.name'],
    [{ transferTargets: [{ name: ' ', to: DESK }] }, 'transferTargets.0.name'],
    [{ transferTargets: [{ name: 'a'.repeat(41), to: DESK }] }, 'transferTargets.0.name'],
    [{ transferTargets: [{ name: 'Desk!', to: DESK }] }, 'transferTargets.0.name'],
    [{ transferTargets: [{ name: 'Desk' }] }, 'transferTargets.0.to'],
    [{ transferTargets: [{ name: 'Desk', to: 'desk@pbx.example' }] }, 'transferTargets.0.to'],
    [{ transferTargets: [{ name: 'Desk', to: '+10005550123' }] }, 'transferTargets.0.to'],
    [{ transferTargets: [{ name: 'Desk', to: DESK, description: 'a'.repeat(201) }] }, 'transferTargets.0.description'],
    [
      {
        transferTargets: [
          { name: 'Desk', to: DESK },
          { name: 'Desk', to: '+12025550178' },
        ],
      },
      'transferTargets.1.name',
    ],
    [
      { transferTargets: Array.from({ length: 21 }, (_, index) => ({ name: `Desk ${index}`, to: DESK })) },
      'transferTargets',
    ],
  ])('%j', async (body, field) => {
    const rig = new HttpRig({ toolSecretNames: ['TOOL_A'] });
    const answer = await create(rig, body);

    expect(problemFields(answer, 'VALIDATION_FAILED')).toEqual([field]);
    expect(rig.calls.carrier.dials).toEqual([]);
  });

  test.each([
    ['+4915112345678', 'DESTINATION_NOT_ALLOWED', 'ALLOWED_COUNTRIES'],
    ['+19005550123', 'PREMIUM_DESTINATION', 'premium-rate'],
    ['sip:desk@elsewhere.example', 'DESTINATION_NOT_ALLOWED', 'TRANSFER_SIP_DOMAINS'],
  ] as const)('a transfer to %s is not allowed', async (to, code, reason) => {
    const rig = new HttpRig({ sipDomains: ['pbx.example'] });
    const answer = await create(rig, {
      transferTargets: [
        { name: 'A', to: DESK },
        { name: 'B', to },
      ],
    });

    expect(problemFields(answer, code)).toEqual(['transferTargets.1.to']);
    expect(answer.body.errors[0].message).toContain(reason);
    expect(rig.calls.carrier.dials).toEqual([]);
  });

  test.each([
    ['https://evil.example/orders', 'TOOL_SECRET_HOSTS'],
    ['https://tools.example.evil.example/', 'TOOL_SECRET_HOSTS'],
    ['https://sub.tools.example/', 'TOOL_SECRET_HOSTS'],
    ['https://evil.example/?tools.example', 'TOOL_SECRET_HOSTS'],
    ['https://evil.example\\tools.example/', 'TOOL_SECRET_HOSTS'],
    ['https://tools.example./', 'TOOL_SECRET_HOSTS'],
    ['http://tools.example/orders', 'https'],
  ])('a secret is not sent to %s by whoever may place calls', async (url, reason) => {
    const rig = new HttpRig({ toolSecretNames: ['TOOL_A'], allowsPrivateUrls: false });

    const answer = await create(rig, { tools: [{ ...TOOL, url, headers: { key: 'x ${TOOL_A}' } }] });

    expect(problemFields(answer, 'VALIDATION_FAILED')).toEqual(['tools.0.url']);
    expect(answer.body.errors[0].message).toContain(reason);
    expect(rig.calls.carrier.dials).toEqual([]);
  });

  test('without TOOL_SECRET_HOSTS no tool of a request has a secret', async () => {
    const rig = new HttpRig({ toolSecretNames: ['TOOL_A'], toolSecretHosts: [] });

    const answer = await create(rig, { tools: [{ ...TOOL, headers: { key: '${TOOL_A}' } }] });

    expect(problemFields(answer, 'VALIDATION_FAILED')).toEqual(['tools.0.url']);
  });

  test('a tool without secrets may be anywhere, and be plain http', async () => {
    const rig = new HttpRig({ toolSecretHosts: [], allowsPrivateUrls: false });

    await create(rig, { tools: [{ ...TOOL, url: 'http://elsewhere.example', headers: { key: 'own' } }] }).expect(201);
  });

  test('the host may be written in any letters, and have a port', async () => {
    const rig = new HttpRig({ toolSecretNames: ['TOOL_A'], allowsPrivateUrls: false });

    const url = 'https://TOOLS.Example:8443/orders';
    await create(rig, { tools: [{ ...TOOL, url, headers: { key: '${TOOL_A}' } }] }).expect(201);
  });

  test('and the secret that is missing is named with it', async () => {
    const answer = await create(new HttpRig(), { tools: [{ ...TOOL, headers: { a: '${TOOL_X} ${TOOL_Y}' } }] });

    const messages = answer.body.errors.map(({ message }: { message: string }) => message).join('\n');
    expect(messages).toMatch(/TOOL_X.*not set[^]*TOOL_Y.*not set/);
  });

  test('and both are named where two of them contradict the settings', async () => {
    const rig = new HttpRig({ behaviour: { opening: 'silent', answeringMachine: 'ignore' } });
    const answer = await create(rig, { greeting: 'Hello.', voicemailMessage: 'Call us.' });

    expect(problemFields(answer, 'VALIDATION_FAILED').sort()).toEqual(['greeting', 'voicemailMessage']);
  });
});

test('arguments of a tool that are nested ten thousand deep are refused', async () => {
  const rig = new HttpRig();
  const deep = `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`;
  const tool = JSON.stringify(TOOL).replace(/\}$/, `,"parameters":{"type":"object","properties":{"a":${deep}}}}`);

  const answer = await request(rig.app)
    .post('/api/ai-calls/create')
    .set('Content-Type', 'application/json')
    .send(`{"to":"${TO}","tools":[${tool}]}`);

  expect(problemFields(answer, 'VALIDATION_FAILED')).toEqual(['tools.0.parameters']);
});
