/** The simulated OpenAI Realtime server on its real socket: event order, turns, interruption, usage. */
import { decodeMulaw, encodeL16, rms, tone } from '../../../src/simulator/pcm';
import type { AiScript } from '../../../src/simulator/simulated-openai/ai-script';
import { SimulatedOpenai } from '../../../src/simulator/simulated-openai/simulated-openai';
import { Client, FAST, openSession, sayTone, silence, speech } from './simulated-openai-harness';

let openai: SimulatedOpenai;

beforeEach(async () => {
  openai = await SimulatedOpenai.start();
});

afterEach(() => openai.close());

async function connect(script?: AiScript, settings?: object): Promise<Client> {
  return (await openSession(openai, script, settings)).client;
}

describe('session.update', () => {
  it('shows the whole configuration in force, without the event id of the client', async () => {
    const client = await connect();
    const [session] = openai.sessions;

    client.send({
      type: 'session.update',
      event_id: 'su_1',
      session: {
        type: 'realtime',
        instructions: 'Be brief.',
        audio: { output: { format: { type: 'audio/pcmu' }, voice: 'cedar' }, input: { turn_detection: null } },
      },
    });
    const updated = await client.until('session.updated');

    expect(JSON.stringify(updated)).not.toContain('su_1');
    expect(updated.session).toMatchObject({
      instructions: 'Be brief.',
      output_modalities: ['audio'],
      audio: {
        input: { format: { type: 'audio/pcm', rate: 24000 }, turn_detection: null },
        output: { format: { type: 'audio/pcmu' }, voice: 'cedar', speed: 1 },
      },
    });
    expect(session!.instructions).toBe('Be brief.');
  });

  it('applies nothing of an update with one bad field, and says which', async () => {
    const client = await connect();

    client.send({
      type: 'session.update',
      event_id: 'su_2',
      session: { type: 'realtime', instructions: 'New.', temperature: 0.8 },
    });
    const { error } = await client.until('error');

    expect(error).toMatchObject({ code: 'unknown_parameter', param: 'session.temperature', event_id: 'su_2' });
    expect(openai.sessions[0]!.instructions).not.toBe('New.');
    expect(openai.sessions[0]!.violations).toEqual(["unknown_parameter: Unknown parameter: 'session.temperature'."]);
  });

  it('refuses another voice once the session has spoken', async () => {
    const client = await connect({ turns: [{ say: [sayTone(100)], ...FAST }] });
    client.send({ type: 'response.create' });
    await client.until('response.done');

    client.send({ type: 'session.update', session: { type: 'realtime', audio: { output: { voice: 'ash' } } } });
    const { error } = await client.until('error');

    expect(error.code).toBe('cannot_update_voice');
  });

  it('can refuse every update, or keep the default formats, when told to', async () => {
    openai.failNextConnection({ kind: 'reject-update' });
    const rejecting = new Client(openai);
    await rejecting.until('session.created');
    rejecting.send({ type: 'session.update', event_id: 'su_3', session: { type: 'realtime' } });
    const { error } = await rejecting.until('error');
    openai.failNextConnection({ kind: 'ignore-formats' });

    const ignoring = await connect(undefined, { audio: { output: { format: { type: 'audio/pcmu' }, voice: 'ash' } } });

    expect(error.event_id).toBe('su_3');
    expect(ignoring.events.at(-1)).toMatchObject({
      session: { audio: { output: { format: { type: 'audio/pcm' }, voice: 'ash' } } },
    });
  });

  it('lets a function choose the script of each session by its instructions', async () => {
    openai.setScriptFor(({ instructions }) =>
      instructions === 'Special.' ? { turns: [{ say: [sayTone(40, 'Special answer.')], ...FAST }] } : undefined,
    );
    const client = await connect({ otherwise: {} }, { instructions: 'Special.' });

    client.send({ type: 'response.create' });
    const { transcript } = await client.until('response.output_audio_transcript.done');

    expect(transcript).toBe('Special answer.');
  });
});

describe('responses', () => {
  it('come in the documented order', async () => {
    const client = await connect({ turns: [{ say: [sayTone(100)], ...FAST }] });
    const before = client.events.length;

    client.send({ type: 'response.create' });
    await client.until('rate_limits.updated');

    expect(client.types().slice(before)).toEqual([
      'response.created',
      'response.output_item.added',
      'conversation.item.added',
      'response.content_part.added',
      'response.output_audio_transcript.delta',
      'response.output_audio.delta',
      'response.output_audio_transcript.delta',
      'response.output_audio.delta',
      'response.output_audio.done',
      'response.output_audio_transcript.done',
      'response.content_part.done',
      'response.output_item.done',
      'conversation.item.done',
      'response.done',
      'rate_limits.updated',
    ]);
  });

  it('carry exactly the audio of the script, in uneven deltas', async () => {
    const client = await connect({ turns: [{ say: [sayTone(1000)], ...FAST }] });

    client.send({ type: 'response.create' });
    await client.until('response.output_audio.done');

    const sizes = client.audio().map((bytes) => bytes.length);
    const expected = encodeL16(tone({ hz: 300, ms: 1000, sampleRateHz: 24_000, amplitude: 0.3 }));
    expect(Buffer.concat(client.audio()).equals(expected)).toBe(true);
    expect(sizes.filter((size) => size % 2 !== 0)).toEqual([]);
    expect(sizes.filter((size) => size % 960 !== 0).length).toBeGreaterThan(1);
  });

  it('are mu-law at 8 kHz when the session says so', async () => {
    const client = await connect(
      { turns: [{ say: [sayTone(1000)], ...FAST }] },
      { audio: { output: { format: { type: 'audio/pcmu' } } } },
    );

    client.send({ type: 'response.create' });
    await client.until('response.output_audio.done');

    const heard = decodeMulaw(Buffer.concat(client.audio()));
    expect(heard).toHaveLength(8000);
    expect(rms(heard) / rms(tone({ hz: 300, ms: 1000, amplitude: 0.3 }))).toBeCloseTo(1, 1);
  });

  it('may have several audio items, the end of one after the first audio of the next', async () => {
    const client = await connect({ turns: [{ say: [sayTone(100), sayTone(200)], ...FAST }] });

    client.send({ type: 'response.create' });
    const { response } = await client.until('response.done');

    const [first, second] = response.output.map((item: { id: string }) => item.id);
    const audio = client.events.filter(({ type }) => /^response\.output_audio\.(delta|done)$/.test(type));
    const order = audio.map(({ type, item_id: id }) => `${id === first ? 1 : 2} ${type.split('.')[2]}`);
    expect(order.lastIndexOf('1 delta')).toBeLessThan(order.indexOf('2 delta'));
    expect(order.indexOf('1 done')).toBeGreaterThan(order.indexOf('2 delta'));
    expect(openai.sessions[0]!.items).toMatchObject([
      { id: first, status: 'completed', audioMs: 100, text: 'One two three four.' },
      { id: second, status: 'completed', audioMs: 200 },
    ]);
  });

  it('arrive faster than real time, but not at once', async () => {
    const client = await connect({ turns: [{ say: [sayTone(800)], thinkMs: 20, speedup: 10 }] });
    client.send({ type: 'response.create' });
    await client.until('response.done');

    const events = openai.sessions[0]!.serverEvents;
    const timesOf = (type: string) => events.filter((event) => event.type === type).map(({ atMs }) => atMs);
    const [createdMs] = timesOf('response.created');
    const deltasMs = timesOf('response.output_audio.delta').map((atMs) => atMs - createdMs!);
    expect(deltasMs[0]).toBeGreaterThanOrEqual(20);
    // The last of five deltas leaves when what precedes it is spoken: 562 ms of audio at ten times the speed.
    expect(deltasMs.at(-1)).toBeGreaterThanOrEqual(20 + 56);
    expect(deltasMs.at(-1)).toBeLessThan(800);
  });

  it('call a declared tool after the speech', async () => {
    const functionCall = { name: 'end_call', arguments: '{"reason":"done"}' };
    const client = await connect(
      {
        turns: [
          { say: [sayTone(40)], functionCall, ...FAST },
          { functionCall, ...FAST },
        ],
      },
      { tools: [{ type: 'function', name: 'end_call', parameters: { type: 'object' } }] },
    );

    client.send({ type: 'response.create' });
    const call = await client.until('response.function_call_arguments.done');
    const { item } = await client.until('response.output_item.done');
    client.send({
      type: 'conversation.item.create',
      item: { type: 'function_call_output', call_id: item.call_id, output: '{"ok":true}' },
    });
    await client.until('conversation.item.done');
    client.send({ type: 'response.create', response: { tool_choice: 'none' } });
    const { response } = await client.until('response.done').then(() => client.until('response.done'));

    expect(call).toMatchObject({ ...functionCall, call_id: item.call_id, output_index: 1 });
    expect(item).toMatchObject({ type: 'function_call', status: 'completed', ...functionCall });
    expect(response).toMatchObject({ status: 'completed', output: [] });
    expect(openai.sessions[0]!.violations).toEqual([]);
  });

  it('can fail, with the error in the status details', async () => {
    const fail = { type: 'server_error', code: 'server_error', message: 'Try again.' };
    const client = await connect({ turns: [{ fail, ...FAST }] });

    client.send({ type: 'response.create' });
    const { response } = await client.until('response.done');

    expect(response).toMatchObject({ status: 'failed', status_details: { type: 'failed', error: fail }, output: [] });
  });

  it('are refused while another one is active, except outside the conversation', async () => {
    const client = await connect({ otherwise: { say: [sayTone(400)] } });
    client.send({ type: 'response.create' });
    await client.until('response.created');

    client.send({ type: 'response.create', event_id: 'rc_2' });
    const { error } = await client.until('error');
    client.send({ type: 'response.create', response: { conversation: 'none', metadata: { topic: 'side' } } });
    const { response } = await client.until('response.created');

    expect(error).toMatchObject({ code: 'conversation_already_has_active_response', event_id: 'rc_2' });
    expect(response).toMatchObject({ conversation_id: null, metadata: { topic: 'side' } });
  });

  it('end cancelled on request, and cannot be cancelled twice', async () => {
    const client = await connect({ otherwise: { say: [sayTone(4000)], thinkMs: 0 } });
    client.send({ type: 'response.create' });
    await client.until('response.output_audio.delta');

    client.send({ type: 'response.cancel' });
    const { response } = await client.until('response.done');
    client.send({ type: 'response.cancel' });
    const { error } = await client.until('error');

    expect(response).toMatchObject({
      status: 'cancelled',
      status_details: { type: 'cancelled', reason: 'client_cancelled' },
      output: [{ status: 'incomplete' }],
    });
    expect(error.code).toBe('response_cancel_not_active');
  });

  it('report usage that grows with the context, more and more of it cached', async () => {
    const instructions = 'You are patient. '.repeat(40);
    const client = await connect({ otherwise: { say: [sayTone(2000)], ...FAST } }, { instructions });

    client.send({ type: 'response.create' });
    const { response: first } = await client.until('response.done');
    client.send({ type: 'response.create' });
    const { response: second } = await client.until('response.done');

    expect(first.usage).toMatchObject({
      input_token_details: { audio_tokens: 0, cached_tokens: 0 },
      output_token_details: { audio_tokens: 40, text_tokens: 5 },
    });
    expect(second.usage.input_tokens).toBe(first.usage.input_tokens + 40);
    expect(second.usage.input_token_details.cached_tokens_details.text_tokens).toBeGreaterThan(0);
    expect(second.usage.total_tokens).toBe(second.usage.input_tokens + second.usage.output_tokens);
  });
});

describe('turns of the callee', () => {
  it('are heard, committed, transcribed and answered', async () => {
    const client = await connect(
      { turns: [{ say: [sayTone(40)], ...FAST }], hears: ['Hello there.'] },
      { audio: { input: { transcription: { model: 'gpt-4o-mini-transcribe' } } } },
    );
    const before = client.events.length;

    client.append(silence(500));
    client.append(speech(600));
    client.append(silence(400));
    const transcript = await client.until('conversation.item.input_audio_transcription.completed');

    expect(client.types().slice(before, before + 6)).toEqual([
      'input_audio_buffer.speech_started',
      'input_audio_buffer.speech_stopped',
      'input_audio_buffer.committed',
      'conversation.item.added',
      'conversation.item.done',
      'response.created',
    ]);
    expect(client.events[before]).toMatchObject({ audio_start_ms: 200 });
    expect(client.events[before + 1]).toMatchObject({ audio_end_ms: 1300 });
    expect(transcript).toMatchObject({
      item_id: client.events[before]!['item_id'],
      transcript: 'Hello there.',
      usage: { type: 'tokens', input_tokens: 11 },
    });
    expect(openai.sessions[0]!.items[0]).toMatchObject({ role: 'user', audioMs: 1100, text: 'Hello there.' });
  });

  it('interrupt the answer that is being generated', async () => {
    const client = await connect({ turns: [{ say: [sayTone(8000)], thinkMs: 0 }] });
    client.send({ type: 'response.create' });
    const { item_id: itemId } = await client.until('response.output_audio.delta');

    client.append(speech(100));
    await client.until('input_audio_buffer.speech_started');
    const { response } = await client.until('response.done');

    expect(response).toMatchObject({
      status: 'cancelled',
      status_details: { reason: 'turn_detected' },
      output: [{ id: itemId, status: 'incomplete' }],
      usage: { output_tokens: expect.any(Number) },
    });
    expect(openai.sessions[0]!.items[0]!.audioMs).toBeLessThan(8000);
  });

  it('leave the answer alone when the session says so', async () => {
    const turnDetection = { type: 'server_vad', interrupt_response: false, create_response: false };
    const client = await connect(
      { turns: [{ say: [sayTone(400)], thinkMs: 0 }] },
      { audio: { input: { turn_detection: turnDetection } } },
    );
    client.send({ type: 'response.create' });
    await client.until('response.output_audio.delta');

    client.append(speech(200));
    client.append(silence(400));
    await client.until('input_audio_buffer.committed');
    const { response } = await client.until('response.done');

    expect(response.status).toBe('completed');
    expect(client.types().filter((type) => type === 'response.created')).toHaveLength(1);
  });

  it('are decoded from mu-law when that is the input format', async () => {
    const client = await connect(undefined, { audio: { input: { format: { type: 'audio/pcmu' } } } });

    client.append(speech(200, 8000), 'pcmu');
    client.append(silence(400, 8000), 'pcmu');
    await client.until('input_audio_buffer.speech_stopped');

    expect(openai.sessions[0]!.heard()).toHaveLength(600 * 24);
    expect(rms(openai.sessions[0]!.heard().subarray(0, 4800))).toBeGreaterThan(6000);
  });

  it('are committed by the client when turn detection is off', async () => {
    const client = await connect(undefined, { audio: { input: { turn_detection: null } } });

    client.append(speech(60));
    client.send({ type: 'input_audio_buffer.commit' });
    const { error } = await client.until('error');
    client.append(speech(60));
    client.send({ type: 'input_audio_buffer.commit' });
    await client.until('conversation.item.done');

    expect(error).toMatchObject({ code: 'input_audio_buffer_commit_empty' });
    expect(client.types()).not.toContain('input_audio_buffer.speech_started');
    expect(openai.sessions[0]!.items).toMatchObject([{ role: 'user', audioMs: 120 }]);
  });
});

describe('bad messages', () => {
  it.each([
    ['a binary frame', Buffer.from([1, 2, 3]), 'invalid_event'],
    ['text that is not JSON', '{"type":', 'invalid_json'],
    ['JSON that is no object', '[]', 'invalid_event'],
    ['an odd number of PCM bytes', '{"type":"input_audio_buffer.append","audio":"AAAA"}', 'invalid_value'],
    ['audio that is not base64', '{"type":"input_audio_buffer.append","audio":"*AAA"}', 'invalid_value'],
    ['an unknown event', '{"type":"response.audio.delta"}', 'invalid_value'],
  ])('are answered with one error and leave the session open: %s', async (_, message, code) => {
    const client = await connect();

    client.socket.send(message);
    const { error } = await client.until('error');
    client.send({ type: 'session.update', session: { type: 'realtime' } });
    await client.until('session.updated');

    expect(error).toMatchObject({ type: 'invalid_request_error', code });
    expect(openai.sessions[0]!.violations).toHaveLength(1);
  });
});
