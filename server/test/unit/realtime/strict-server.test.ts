// What a session says when it takes over or is drained, and what the probe says, before a server that refuses whatever
// is not in the protocol.

import { DEFAULT_BEHAVIOUR } from '../../../src/calls/behaviour';
import { probeAi } from '../../../src/realtime/ai-probe';
import { OpenAiRealtime } from '../../../src/realtime/openai-realtime';
import type { RealtimeEndpoint } from '../../../src/realtime/realtime-socket';
import type { SimulatedSession } from '../../../src/simulator/simulated-openai/simulated-session';
import { SimulatedOpenai } from '../../../src/simulator/simulated-openai/simulated-openai';
import { SYSTEM_CLOCK } from '../../../src/app/system-clock';
import { RecordingLogger } from '../../support/fakes';
import { until } from '../../support/until';
import { RecordingListener } from './realtime-server';

const LIMIT_MS = 2_000;
const FRAME_BYTES = 960;
const STORY = { toneHz: 440, ms: 5_000, text: 'Once upon a time.' };

let server: SimulatedOpenai;
let session: OpenAiRealtime;
let listener: RecordingListener;

beforeEach(async () => {
  server = await SimulatedOpenai.start();
  server.setDefaultScript({ hears: ['I wanted to say'], otherwise: { say: [STORY], speedup: 1 } });
  listener = new RecordingListener();
  session = new OpenAiRealtime(
    {
      ...endpoint(),
      instructions: 'Be kind.',
      voice: 'marin',
      audioFormat: 'pcm16',
      transcriptionModel: 'gpt-4o-mini-transcribe',
      turnDetection: DEFAULT_BEHAVIOUR.turnDetection,
      noiseReduction: DEFAULT_BEHAVIOUR.noiseReduction,
      tools: [],
    },
    deps(),
  );
});

afterEach(async () => {
  session.close();
  await server.close();
});

function endpoint(): RealtimeEndpoint {
  const { apiKey, apiBaseUrl: baseUrl } = server;
  return { apiKey, baseUrl, model: 'gpt-realtime-2.1-mini', safetyIdentifier: 'somebody' };
}

function deps() {
  return { clock: SYSTEM_CLOCK, log: new RecordingLogger() };
}

/** Opens the session; resolves with the server's side of it. */
async function open(atReady: () => void = () => {}): Promise<SimulatedSession> {
  listener.onReady = () => {
    listener.log.push('ready');
    atReady();
  };
  session.open(listener);
  const [theirs] = await Promise.all([server.nextSession(), until(() => listener.log.includes('ready'))]);
  return theirs;
}

/** Noise that is loud enough to be a voice. */
function speak(ms: number): void {
  const frame = Buffer.alloc(FRAME_BYTES);
  for (let at = 0; at < FRAME_BYTES; at += 2) frame.writeInt16LE(Math.round(12_000 * Math.sin(at)), at);
  for (let sentMs = 0; sentMs < ms; sentMs += 20) session.appendAudio(frame);
}

test('the history is taken as it is, and a running tool can be answered', async () => {
  const theirs = await open(() =>
    session.restore([
      { kind: 'message', role: 'assistant', text: 'Hello.' },
      { kind: 'message', role: 'user', text: 'Hi.' },
      { kind: 'tool', toolCallId: 'call-1', name: 'time', argumentsJson: '{}', output: '"noon"' },
      { kind: 'tool', toolCallId: 'call-2', name: 'weather', argumentsJson: '{}' },
      { kind: 'message', role: 'system', text: 'Go on.' },
    ]),
  );
  session.answerTool('call-2', '"sunny"');
  await until(() => listener.answeredTools.length > 0);

  expect(theirs.violations).toEqual([]);
  expect(theirs.items.map(({ type, role, text }) => [type, role, text])).toEqual([
    ['message', 'assistant', 'Hello.'],
    ['message', 'user', 'Hi.'],
    ['function_call', undefined, '{}'],
    ['function_call_output', undefined, '"noon"'],
    ['function_call', undefined, '{}'],
    ['message', 'system', 'Go on.'],
    ['function_call_output', undefined, '"sunny"'],
  ]);
  expect(listener.answeredTools).toEqual(['call-2']);
});

test('the end of its time is told by the server', async () => {
  await open();

  const restMs = (session.expiresAtMs ?? 0) - Date.now();

  expect(restMs).toBeGreaterThan(59 * 60_000);
});

test('a callee who is cut off in the middle of a word is written down, and not answered', async () => {
  const theirs = await open();
  speak(600);
  await until(() => listener.log.includes('speech'));

  await session.drain(LIMIT_MS);

  expect(listener.log.at(-1)).toBe('callee: I wanted to say');
  expect([theirs.violations, theirs.responses]).toEqual([[], []]);
});

test('a response that is being made is cancelled, and paid for', async () => {
  const theirs = await open();
  session.requestResponse({ requestId: 'story', content: { kind: 'words', words: 'Once upon a time.' } });
  await until(() => listener.audio.length > 0);

  await session.drain(LIMIT_MS);

  expect(listener.outcomes).toMatchObject([{ status: 'cancelled', spending: { usage: { responses: 1 } } }]);
  expect(theirs.violations).toEqual([]);
});

describe('the probe', () => {
  test('of an account that works finds nothing wrong, and says nothing wrong', async () => {
    server.setDefaultScript({});

    expect(await probeAi(endpoint(), deps())).toBeUndefined();

    const [theirs] = server.sessions;
    expect(theirs!.violations).toEqual([]);
    await theirs!.untilClosed();
  });

  test.each([
    [{ kind: 'invalid-key' }, 'ai-unauthorized'],
    [{ kind: 'insufficient-quota' }, 'ai-unauthorized'],
    [{ kind: 'http', status: 503 }, 'ai-unavailable'],
  ] as const)('finds out about %j', async (failure, reason) => {
    server.failNextConnection(failure);

    expect(await probeAi(endpoint(), deps())).toMatchObject({ reason });
  });
});
