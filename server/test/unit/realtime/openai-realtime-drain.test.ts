// The end of a conversation whose last words and last cost are still on their way.

import { type ClientEvent, created, done, RealtimeRig, refused } from './realtime-server';

const LIMIT_MS = 2_000;
const LISTEN = { create_response: false, interrupt_response: false };

let rig: RealtimeRig;

beforeEach(async () => {
  rig = await RealtimeRig.start();
  await rig.ready();
});

afterEach(() => rig.stop());

function speech(type: 'speech_started' | 'speech_stopped' | 'committed', itemId = 'last'): ClientEvent {
  return { type: `input_audio_buffer.${type}`, item_id: itemId };
}

function written(transcript: string, itemId = 'last'): ClientEvent {
  const usage = { type: 'tokens', input_tokens: 10, output_tokens: 2 };
  return { type: 'conversation.item.input_audio_transcription.completed', item_id: itemId, transcript, usage };
}

function audio(responseId: string): ClientEvent {
  return { type: 'response.output_audio.delta', response_id: responseId, item_id: 'i', delta: 'AAAA' };
}

/** Begins to drain; the state of that is in `drained`. */
async function drain(): Promise<void> {
  drained = false;
  void rig.session.drain(LIMIT_MS).then(() => {
    drained = true;
  });
  await rig.flush();
}

let drained: boolean;

/** What the listener was told since the beginning of the drain, markers of the rig left out. */
function toldSince(length: number): string[] {
  return rig.listener.log.slice(length).filter((entry) => !entry.startsWith('callee: marker'));
}

test('is over at once when nothing is on its way', async () => {
  await drain();

  expect(drained).toBe(true);
  expect([rig.session.closed, rig.listener.failures]).toEqual([false, []]);
});

test('is over at once when the session is not ready, or is closed', async () => {
  const other = await RealtimeRig.start();
  await other.connect();
  await other.session.drain(LIMIT_MS);
  other.session.close();
  await other.session.drain(LIMIT_MS);

  expect(other.clock.pendingTimers).toBe(0);
  await other.stop();
});

describe('while the AI speaks', () => {
  beforeEach(async () => {
    rig.say('story', 'Once upon a time.');
    await rig.until('response.create');
    await rig.tell(created('a', rig.of('response.create')[0]), audio('a'));
    await drain();
  });

  test('the response is cancelled, and what it has cost is told', async () => {
    expect(rig.of('response.cancel')).toMatchObject([{ response_id: 'a' }]);
    expect(drained).toBe(false);

    const usage = { output_token_details: { audio_tokens: 7 } };
    await rig.tell({ type: 'response.done', response: { id: 'a', status: 'cancelled', usage } });

    expect(rig.listener.outcomes).toMatchObject([
      { status: 'cancelled', spending: { usage: { outputAudioTokens: 7 } } },
    ]);
    expect(drained).toBe(true);
  });

  test('nothing else is told', async () => {
    const before = rig.listener.log.length;

    await rig.tell(audio('a'), speech('speech_started'), speech('speech_stopped'), done('a', 'cancelled'));

    expect(toldSince(before)).toEqual(['done']);
  });

  test('nothing is asked for any more', async () => {
    rig.say('more', 'And then.');
    rig.session.appendAudio(Buffer.alloc(2));
    rig.session.takeTurns('listen');
    rig.session.takeTurns('server');
    await rig.tell(done('a', 'failed', 'server_error'));
    rig.clock.advance(10_000);
    await rig.flush();

    expect(rig.of('response.create')).toHaveLength(1);
    expect(rig.of('input_audio_buffer.append')).toEqual([]);
    expect(rig.of('session.update')).toHaveLength(2);
  });

  test('it is over when the response does not end in time', () => {
    return rig.clock.advanceAsync(LIMIT_MS).then(() => expect(drained).toBe(true));
  });

  test('it is over when the connection is lost, and nobody hears of that', async () => {
    rig.breakSocket();
    await rig.session.drain(LIMIT_MS);

    expect(rig.listener.failures).toEqual([]);
    expect([rig.session.closed, rig.clock.pendingTimers]).toEqual([true, 0]);
  });

  test('it is over when the session is closed, and leaves no timer', async () => {
    rig.session.close();
    await rig.session.drain(LIMIT_MS);

    expect(rig.clock.pendingTimers).toBe(0);
  });
});

test('a response that begins afterwards is cancelled, and waited for', async () => {
  rig.say('late', 'Hello?');
  await rig.until('response.create');
  await drain();
  expect(drained).toBe(false);

  await rig.tell(created('a', rig.of('response.create')[0]));
  await rig.until('response.cancel');
  expect(drained).toBe(false);
  await rig.tell(done('a', 'cancelled'));

  expect(drained).toBe(true);
});

test('an answer of the server’s own is cancelled as well, whenever it became due', async () => {
  await rig.tell(speech('speech_started'));
  await drain();
  await rig.tell(speech('speech_stopped'), speech('committed'), created('own'));
  await rig.until('response.cancel');

  await rig.tell(written('Bye.'), done('own', 'cancelled'));

  expect(drained).toBe(true);
  expect(rig.listener.log).toContain('callee: Bye.');
});

test('a turn that is over is waited for until it is written down', async () => {
  await rig.takeTurns('listen');
  await rig.tell(speech('speech_started'), speech('speech_stopped'), speech('committed'));
  await drain();
  expect(drained).toBe(false);

  await rig.tell(written('Thank you.'));

  expect(rig.listener.log).toContain('callee: Thank you.');
  expect(drained).toBe(true);
  expect(rig.of('input_audio_buffer.commit')).toEqual([]);
});

test('words that cannot be written down are not waited for', async () => {
  await rig.takeTurns('listen');
  await rig.tell(speech('speech_started'), speech('speech_stopped'));
  await drain();

  await rig.tell({ type: 'conversation.item.input_audio_transcription.failed', item_id: 'last', content_index: 0 });

  expect(drained).toBe(true);
});

test('words that have been due for long are not waited for', async () => {
  await rig.takeTurns('listen');
  await rig.tell(speech('speech_started', 'lost'), speech('speech_stopped', 'lost'));
  rig.clock.advance(10_000);

  await drain();

  expect(drained).toBe(true);
});

describe('when the callee is cut off in the middle of a word', () => {
  beforeEach(async () => {
    await rig.tell(speech('speech_started'));
    await drain();
  });

  test('their turn is ended, and nobody answers it', () => {
    const [, update] = rig.of('session.update');
    expect(update).toMatchObject({ session: { audio: { input: { turn_detection: LISTEN } } } });
    const types = rig.received.map(({ type }) => type);
    expect(types.indexOf('input_audio_buffer.commit')).toBeGreaterThan(types.lastIndexOf('session.update'));
    expect(rig.of('input_audio_buffer.commit')).toHaveLength(1);
  });

  test('their last words are written down', async () => {
    await rig.tell(rig.updated(undefined, 'listen'), speech('committed'));
    expect(drained).toBe(false);
    await rig.tell(written('But I wan—'));

    expect(rig.listener.log).toContain('callee: But I wan—');
    expect(drained).toBe(true);
    expect(rig.of('input_audio_buffer.commit')).toHaveLength(1);
  });

  test('it is over when there was nothing in the turn', async () => {
    const [commit] = rig.of('input_audio_buffer.commit');

    await rig.tell(refused(commit!, { type: 'invalid_request_error', code: 'input_audio_buffer_commit_empty' }));

    expect(drained).toBe(true);
  });
});

test('a turn that is told of too late is ended as well', async () => {
  rig.say('story', 'Once upon a time.');
  await rig.until('response.create');
  await drain();

  await rig.tell(speech('speech_started'));
  await rig.until('input_audio_buffer.commit');

  expect(drained).toBe(false);
});
