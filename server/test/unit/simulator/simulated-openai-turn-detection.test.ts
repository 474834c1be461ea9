/** The simulated OpenAI's turn detection on its real socket: what a turn leads to, and how it may change in a call. */
import { tone } from '../../../src/simulator/pcm';
import { SimulatedOpenai } from '../../../src/simulator/simulated-openai/simulated-openai';
import { FAST, openSession, sayTone, silence, speech, type Client } from './simulated-openai-harness';

let openai: SimulatedOpenai;

beforeEach(async () => {
  openai = await SimulatedOpenai.start();
});

afterEach(() => openai.close());

const VAD = { type: 'server_vad', threshold: 0.5, prefix_padding_ms: 0, silence_duration_ms: 200 };
const LISTEN = { ...VAD, create_response: false, interrupt_response: false };

/** An update of nothing but turn detection. */
function detect(turnDetection: object | null): object {
  return { audio: { input: { turn_detection: turnDetection } } };
}

function turnEvents(client: Client): string[] {
  return client.types().filter((type) => type.startsWith('input_audio_buffer.speech'));
}

describe('speech over a response', () => {
  it.each([
    [true, true, ['cancelled', 'completed'], 0],
    [true, false, ['in_progress'], 1],
    [false, true, ['cancelled'], 0],
    [false, false, ['in_progress'], 0],
  ])(
    'with create_response %s and interrupt_response %s leaves the responses %j',
    async (createResponse, interruptResponse, statuses, errors) => {
      const flags = { create_response: createResponse, interrupt_response: interruptResponse };
      const script = { asked: [{ say: [sayTone(20_000)] }], turns: [{ say: [sayTone(40)], ...FAST }] };
      const { client, session } = await openSession(openai, script, detect({ ...VAD, ...flags }));
      client.ask();
      await client.until('response.created');

      client.append(speech(200));
      client.append(silence(400));
      await client.until('input_audio_buffer.committed');
      await client.update({});

      expect(session.responses.map(({ status }) => status)).toEqual(statuses);
      expect(client.all('error')).toHaveLength(errors);
    },
  );
});

describe('an update of turn detection alone', () => {
  it.each([
    ['listening', LISTEN, 0],
    ['answering', VAD, 1],
  ])('decides at the end of the speech that is under way: %s', async (_, settings, answers) => {
    const before = settings === LISTEN ? VAD : LISTEN;
    const { client, session } = await openSession(openai, { otherwise: {} }, detect(before));
    // Not a whole number of the detector's windows: the rest of one must survive the update.
    client.append(speech(170));
    await client.until('input_audio_buffer.speech_started');

    const shown = await client.update(detect(settings));
    client.append(speech(130));
    client.append(silence(200));
    const stopped = await client.until('input_audio_buffer.speech_stopped');
    await client.update({});

    expect(shown).toMatchObject(detect(settings));
    expect(stopped['audio_end_ms']).toBe(500);
    expect(turnEvents(client)).toHaveLength(2);
    expect(session.responses).toHaveLength(answers);
    expect(session.items).toMatchObject([{ role: 'user', audioMs: 500 }]);
  });

  it('keeps the pause that has begun when the silence that ends a turn becomes longer', async () => {
    const { client } = await openSession(openai, { otherwise: {} }, detect(LISTEN));
    client.append(speech(200));
    client.append(silence(150));

    await client.update(detect({ ...LISTEN, silence_duration_ms: 600 }));
    client.append(silence(430));
    await client.update({});
    expect(turnEvents(client)).toEqual(['input_audio_buffer.speech_started']);
    client.append(silence(20));
    const stopped = await client.until('input_audio_buffer.speech_stopped');

    expect(stopped['audio_end_ms']).toBe(800);
  });

  it('leaves everything else as it is', async () => {
    const others = { format: { type: 'audio/pcmu' }, noise_reduction: { type: 'near_field' } };
    const settings = { instructions: 'Be kind.', audio: { input: others, output: { voice: 'ash' } } };
    const { client } = await openSession(openai, undefined, settings);

    const shown = await client.update(detect(LISTEN));

    expect(shown).toMatchObject(settings);
  });

  it('ends detection with null and starts it afresh afterwards', async () => {
    const { client } = await openSession(openai, { otherwise: {} }, detect(LISTEN));
    client.append(speech(200));
    await client.until('input_audio_buffer.speech_started');

    await client.update(detect(null));
    client.append(silence(1000));
    await client.update(detect(LISTEN));
    client.append(speech(200));
    const started = await client.until('input_audio_buffer.speech_started');

    expect(started['audio_start_ms']).toBe(1200);
    expect(turnEvents(client)).not.toContain('input_audio_buffer.speech_stopped');
  });
});

describe('semantic_vad', () => {
  it.each([
    ['low', 1200],
    ['medium', 800],
    ['auto', 800],
    ['high', 400],
  ])('with eagerness %s waits %d ms of silence before it answers', async (eagerness, silenceMs) => {
    const { client, session } = await openSession(
      openai,
      { otherwise: {} },
      detect({ type: 'semantic_vad', eagerness }),
    );
    client.append(speech(300));
    client.append(silence(silenceMs - 20));
    await client.update({});
    expect(turnEvents(client)).toEqual(['input_audio_buffer.speech_started']);

    client.append(silence(20));
    const stopped = await client.until('input_audio_buffer.speech_stopped');
    await client.until('response.done');

    expect(stopped['audio_end_ms']).toBe(300 + silenceMs);
    expect(session.responses).toMatchObject([{ requestedBy: 'vad', status: 'completed' }]);
  });

  it('takes both flags, and is of medium eagerness unless told', async () => {
    const flags = { create_response: false, interrupt_response: false };

    const { session } = await openSession(openai, undefined, detect({ type: 'semantic_vad', ...flags }));

    expect(session.config.audio.input.turn_detection).toEqual({ type: 'semantic_vad', eagerness: 'auto', ...flags });
  });
});

describe('server_vad', () => {
  it('ends a turn after the silence asked for, which counts as part of the speech', async () => {
    const { client } = await openSession(openai, { otherwise: {} }, detect({ ...LISTEN, silence_duration_ms: 700 }));

    client.append(speech(300));
    client.append(silence(1000));
    const stopped = await client.until('input_audio_buffer.speech_stopped');

    expect(stopped['audio_end_ms']).toBe(1000);
  });

  it('does not hear at a high threshold what it hears at a low one', async () => {
    // -38 dBFS as a sine.
    const quiet = tone({ hz: 500, ms: 300, sampleRateHz: 24_000, amplitude: 0.0178 });
    const { client } = await openSession(openai, { otherwise: {} }, detect({ ...LISTEN, threshold: 1 }));

    client.append(quiet);
    await client.update(detect({ ...LISTEN, threshold: 0.2 }));
    const heardBefore = turnEvents(client);
    client.append(quiet);
    await client.until('input_audio_buffer.speech_started');

    expect(heardBefore).toEqual([]);
  });
});

it.each([[null], [{ type: 'near_field' }], [{ type: 'far_field' }]])('takes %j for noise reduction', async (wanted) => {
  const { client } = await openSession(openai, undefined, {
    audio: { input: { noise_reduction: { type: 'far_field' } } },
  });

  const shown = await client.update({ audio: { input: { noise_reduction: wanted } } });

  expect(shown).toMatchObject({ audio: { input: { noise_reduction: wanted } } });
});
