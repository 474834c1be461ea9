// The settings of a running session, and what is said to it before it is ready.

import { created, done, RealtimeRig, refused } from './realtime-server';

const LISTEN = { create_response: false, interrupt_response: false };
const SERVER = { create_response: true, interrupt_response: true };
const SPEECH_STARTED = { type: 'input_audio_buffer.speech_started', item_id: 'callee' };
const SPEECH_STOPPED = { type: 'input_audio_buffer.speech_stopped', item_id: 'callee' };

let rig: RealtimeRig;

async function start(options: Parameters<typeof RealtimeRig.start>[0] = {}): Promise<void> {
  await rig?.stop();
  rig = await RealtimeRig.start(options);
}

beforeEach(() => start());

afterEach(() => rig.stop());

/** What holds at the server after all updates: each one replaces what it names. */
function heldBySession(): { instructions?: unknown; turns?: unknown } {
  const held: { instructions?: unknown; turns?: unknown } = {};
  for (const { session } of rig.of('session.update')) {
    const { instructions, audio } = session as {
      instructions?: string;
      audio?: { input?: { turn_detection?: Record<string, unknown> } };
    };
    if (instructions !== undefined) held.instructions = instructions;
    const detection = audio?.input?.turn_detection;
    const { create_response, interrupt_response } = detection ?? {};
    if (detection) held.turns = { create_response, interrupt_response };
  }
  return held;
}

/** Changes the settings at one point of the opening moves, and goes through all of them. */
async function readyWithChange(when: 'opened' | 'created' | 'ready', change: () => void): Promise<void> {
  await rig.connect();
  if (when === 'opened') change();
  rig.send({ type: 'session.created', session: { id: 'session-1' } });
  await rig.until('session.update');
  if (when === 'created') change();
  await rig.tell(rig.updated());
  if (when === 'ready') change();
  await rig.flush();
}

describe.each(['opened', 'created', 'ready'] as const)('a change when the session is %s', (when) => {
  test('of who takes the turns holds from then on', async () => {
    await readyWithChange(when, () => rig.session.takeTurns('listen'));

    expect(heldBySession()).toEqual({ instructions: 'Be kind.', turns: LISTEN });
  });

  test('of the instructions holds from then on', async () => {
    await readyWithChange(when, () => rig.session.setInstructions('Be brief.'));

    expect(heldBySession()).toEqual({ instructions: 'Be brief.', turns: SERVER });
  });

  test('there and back is no change', async () => {
    await readyWithChange(when, () => {
      rig.session.takeTurns('listen');
      rig.session.takeTurns('server');
    });

    expect(heldBySession()).toEqual({ instructions: 'Be kind.', turns: SERVER });
  });
});

test('a change before the session is configured needs no update of its own', async () => {
  await readyWithChange('opened', () => {
    rig.session.takeTurns('listen');
    rig.session.setInstructions('Be brief.');
  });

  expect(rig.of('session.update')).toHaveLength(1);
});

test('nothing but the settings goes out before the session has taken them', async () => {
  await readyWithChange('created', () => {
    rig.session.takeTurns('listen');
    expect(rig.of('session.update')).toHaveLength(1);
  });

  expect(rig.of('session.update')[0]).toMatchObject({ session: { audio: { input: { turn_detection: SERVER } } } });
});

describe('an update of a running session', () => {
  beforeEach(() => rig.ready());

  test('of the turns changes nothing but the turns, and keeps the detection as it was', async () => {
    rig.session.takeTurns('listen');
    await rig.flush();

    const detection = { type: 'server_vad', threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: 500 };
    expect(rig.of('session.update')[1]).toMatchObject({
      session: { type: 'realtime', audio: { input: { turn_detection: { ...detection, ...LISTEN } } } },
    });
    expect(rig.of('session.update')[1]!['session']).not.toHaveProperty('instructions');
  });

  test('of the turns is sent only when they change', async () => {
    rig.session.takeTurns('server');
    rig.session.takeTurns('listen');
    rig.session.takeTurns('listen');
    await rig.flush();

    expect(rig.of('session.update')).toHaveLength(2);
  });

  test('of the instructions changes nothing else', async () => {
    rig.session.setInstructions('Be brief.');
    await rig.flush();

    expect(rig.of('session.update')[1]!['session']).toEqual({ type: 'realtime', instructions: 'Be brief.' });
  });

  test('that is refused does not end the call', async () => {
    rig.session.setInstructions('Be brief.');
    await rig.until('session.update', 2);

    await rig.tell(refused(rig.of('session.update')[1]!, { type: 'invalid_request_error', code: 'invalid_value' }));

    expect(rig.listener.failures).toEqual([]);
  });

  test('holds for directives as well', async () => {
    rig.session.setInstructions('Be brief.');
    rig.session.requestResponse({ requestId: 'r', content: { kind: 'directive', directive: 'Ask for the date.' } });
    await rig.until('response.create');

    expect(rig.asked()).toEqual(['Be brief.\n\nAsk for the date.']);
  });
});

describe('listening', () => {
  beforeEach(() => rig.ready());

  test('leaves the callee without an answer, however long it takes', async () => {
    await rig.takeTurns('listen');
    await rig.speak();

    rig.clock.advance(40_000);
    await rig.flush();

    expect(rig.of('response.create')).toEqual([]);
    expect(rig.listener.log.slice(-3)).toEqual(expect.arrayContaining(['speech', 'silence']));
  });

  test('from the middle of what the callee says leaves that without an answer too', async () => {
    await rig.tell(SPEECH_STARTED);
    await rig.takeTurns('listen');
    await rig.tell(SPEECH_STOPPED);

    rig.clock.advance(40_000);
    await rig.flush();

    expect(rig.of('response.create')).toEqual([]);
  });

  test('ends in the middle of what the callee says: that gets an answer', async () => {
    await rig.takeTurns('listen');
    await rig.tell(SPEECH_STARTED);
    await rig.takeTurns('server');
    await rig.tell(SPEECH_STOPPED);

    rig.clock.advance(5_500);
    await rig.flush();

    expect(rig.of('response.create')).toHaveLength(1);
  });
});

describe('whether the server answers what was said is told', () => {
  beforeEach(() => rig.ready());

  async function isAnswered(): Promise<boolean | undefined> {
    await rig.speak();
    return rig.listener.stops.at(-1)?.isAnswered;
  }

  test('by its own words, not by what it was asked for', async () => {
    const seen = [await isAnswered()];
    rig.session.takeTurns('listen');
    await rig.until('session.update', 2);
    seen.push(await isAnswered());
    await rig.tell(rig.updated(undefined, 'listen'));
    seen.push(await isAnswered());
    rig.session.takeTurns('server');
    await rig.until('session.update', 3);
    seen.push(await isAnswered());
    await rig.tell(rig.updated(undefined, 'server'));
    seen.push(await isAnswered());

    expect(seen).toEqual([true, true, false, false, true]);
  });

  test('as it was when it confirms another change', async () => {
    await rig.takeTurns('listen');
    rig.session.setInstructions('Be brief.');

    await rig.tell(rig.updated(undefined, 'listen'));

    expect(await isAnswered()).toBe(false);
  });

  test('so that a request made in place of an answer goes out at once', async () => {
    await rig.takeTurns('listen');
    rig.session.takeTurns('server');
    await rig.speak();

    rig.session.requestResponse({ requestId: 'answer', content: { kind: 'answer' }, isMootWhenAnswered: true });
    await rig.until('response.create');

    expect(rig.asked()).toEqual(['']);
    expect(rig.listener.dropped).toEqual([]);
  });
});

test('a session that only listens from the first answers nobody', async () => {
  await rig.connect();
  rig.session.takeTurns('listen');
  rig.send({ type: 'session.created', session: { id: 'session-1' } });
  await rig.until('session.update');

  await rig.tell(rig.updated(undefined, 'listen'));
  await rig.speak();

  expect(rig.listener.stops).toMatchObject([{ isAnswered: false }]);
});

describe('before the session is ready', () => {
  test('what is said to it waits, and keeps its order', async () => {
    await rig.connect();
    rig.session.addMessage('system', 'first');
    rig.session.answerTool('call-1', 'second');
    rig.send({ type: 'session.created', session: { id: 's' } });
    await rig.until('session.update');
    rig.session.addMessage('user', 'third');
    await rig.tell({ type: 'rate_limits.updated' });
    expect(rig.received).toHaveLength(1);

    await rig.tell(rig.updated());
    await rig.flush();

    const texts = rig
      .of('conversation.item.create')
      .map(({ item }) => /first|second|third/.exec(JSON.stringify(item))?.[0]);
    expect(texts).toEqual(['first', 'second', 'third']);
  });

  test('a request waits, and comes after what was said', async () => {
    await rig.connect();
    rig.say('greeting', 'Hello.');
    rig.session.addMessage('system', 'They are late.');
    rig.send({ type: 'session.created', session: { id: 's' } });
    await rig.until('session.update');

    await rig.tell(rig.updated());
    await rig.until('response.create');

    expect(rig.received.map(({ type }) => type)).toEqual([
      'session.update',
      'conversation.item.create',
      'response.create',
    ]);
  });

  test('several requests are made one by one, in their order', async () => {
    rig.say('one', 'One.');
    rig.say('two', 'Two.');
    await rig.ready();
    await rig.until('response.create');
    expect(rig.of('response.create')).toHaveLength(1);

    await rig.tell(created('a', rig.of('response.create')[0]), done('a'));
    await rig.until('response.create', 2);

    expect(rig.asked()).toEqual(['One.', 'Two.']);
  });

  test('a request that is cancelled is dropped, and never made', async () => {
    await rig.connect();
    rig.say('greeting', 'Hello.');

    expect(rig.session.cancelResponse('all')).toBe(true);
    rig.send({ type: 'session.created', session: { id: 's' } }, rig.updated());
    await rig.flush();

    expect(rig.listener.dropped).toEqual(['greeting']);
    expect(rig.of('response.create')).toEqual([]);
  });
});

describe('the end of the callee’s speech', () => {
  async function endOfSpeech(audioEndMs: number | undefined): Promise<number | undefined> {
    await rig.ready();
    await rig.speak(audioEndMs);
    expect(rig.listener.stops).toHaveLength(1);
    return rig.listener.stops[0]?.endMs;
  }

  test('is told without the silence by which the server noticed it', async () => {
    await start({
      settings: { turnDetection: { type: 'server-vad', threshold: 0.5, prefixPaddingMs: 300, silenceMs: 700 } },
    });

    expect(await endOfSpeech(4_200)).toBe(3_500);
  });

  test('is never before the beginning of the session', async () => {
    expect(await endOfSpeech(100)).toBe(0);
  });

  test('is unknown when the server goes by the meaning: how much silence it waited for, nobody tells', async () => {
    await start({ settings: { turnDetection: { type: 'semantic-vad', eagerness: 'high' } } });

    expect(await endOfSpeech(4_200)).toBeUndefined();
  });

  test('is unknown when the server does not tell it', async () => {
    expect(await endOfSpeech(undefined)).toBeUndefined();
  });
});
