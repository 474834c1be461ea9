/** What the simulated OpenAI refuses in client events: every row is a mistake that the real server does not forgive. */
import { parseClientEvent } from '../../../src/simulator/simulated-openai/client-event-schemas';
import { ClientMistake } from '../../../src/simulator/simulated-openai/client-mistake';
import { applyPatch, defaultConfig } from '../../../src/simulator/simulated-openai/session-config';
import type { SessionPatch } from '../../../src/simulator/simulated-openai/session-schemas';

const QUIET = { hasSpoken: false, isResponding: false };

function refusalOf(action: () => unknown): { code: string | null; param: string | null } {
  try {
    action();
  } catch (error) {
    if (error instanceof ClientMistake) return { code: error.code, param: error.param };
    throw error;
  }
  throw new Error('It was accepted.');
}

function configOf(model: string): ReturnType<typeof defaultConfig> {
  return defaultConfig({ id: 'sess_1', model, expiresAtSeconds: 0 });
}

/** The first example of the reference: everything a phone bridge may want to set. */
const FULL_UPDATE = {
  type: 'session.update',
  event_id: 'su_1',
  session: {
    type: 'realtime',
    output_modalities: ['audio'],
    instructions: 'Be kind.',
    audio: {
      input: {
        format: { type: 'audio/pcmu' },
        noise_reduction: { type: 'near_field' },
        transcription: { model: 'gpt-4o-mini-transcribe', language: 'en', prompt: 'Names' },
        turn_detection: {
          type: 'server_vad',
          threshold: 0.5,
          prefix_padding_ms: 300,
          silence_duration_ms: 500,
          idle_timeout_ms: 8000,
          create_response: true,
          interrupt_response: true,
        },
      },
      output: { format: { type: 'audio/pcm', rate: 24000 }, voice: 'marin', speed: 1 },
    },
    tools: [{ type: 'function', name: 'end_call', description: 'Hangs up.', parameters: { type: 'object' } }],
    tool_choice: 'auto',
    max_output_tokens: 1024,
    truncation: { type: 'retention_ratio', retention_ratio: 0.8, token_limits: { post_instructions: 8000 } },
    tracing: { workflow_name: 'phone', group_id: 'call_123', metadata: { env: 'prod' } },
    reasoning: { effort: 'low' },
    parallel_tool_calls: false,
  },
};

describe('a session.update', () => {
  it('may set everything that the API documents', () => {
    expect(parseClientEvent(FULL_UPDATE)).toEqual(FULL_UPDATE);
  });

  it('may turn things off with null', () => {
    const input = { noise_reduction: null, transcription: null, turn_detection: null };
    const session = { type: 'realtime', audio: { input }, tracing: null, tools: [] };

    expect(parseClientEvent({ type: 'session.update', session })).toMatchObject({ session });
  });

  it.each([
    [{ instructions: 'x' }, 'missing_required_parameter', 'session.type'],
    [{ type: 'transcription' }, 'invalid_value', 'session.type'],
    [{ type: 'realtime', temperature: 0.8 }, 'unknown_parameter', 'session.temperature'],
    [{ type: 'realtime', voice: 'marin' }, 'unknown_parameter', 'session.voice'],
    [{ type: 'realtime', turn_detection: null }, 'unknown_parameter', 'session.turn_detection'],
    [{ type: 'realtime', modalities: ['audio'] }, 'unknown_parameter', 'session.modalities'],
    [{ type: 'realtime', input_audio_format: 'g711_ulaw' }, 'unknown_parameter', 'session.input_audio_format'],
    [{ type: 'realtime', max_response_output_tokens: 5 }, 'unknown_parameter', 'session.max_response_output_tokens'],
    [{ type: 'realtime', output_modalities: ['audio', 'text'] }, 'invalid_value', 'session.output_modalities'],
    [{ type: 'realtime', max_output_tokens: 5000 }, 'invalid_value', 'session.max_output_tokens'],
    [{ type: 'realtime', tool_choice: 'maybe' }, 'invalid_value', 'session.tool_choice'],
    [
      { type: 'realtime', tools: [{ type: 'function', name: 'f', strict: true }] },
      'unknown_parameter',
      'session.tools[0].strict',
    ],
  ])('is refused: %j', (session, code, param) => {
    expect(refusalOf(() => parseClientEvent({ type: 'session.update', session }))).toEqual({ code, param });
  });

  it.each([
    [{ output: { format: { type: 'audio/pcm' } } }, 'missing_required_parameter', 'output.format.rate'],
    [{ output: { format: { type: 'audio/pcm', rate: 8000 } } }, 'invalid_value', 'output.format.rate'],
    [{ input: { format: { type: 'audio/pcmu', rate: 8000 } } }, 'unknown_parameter', 'input.format.rate'],
    [{ input: { format: 'g711_ulaw' } }, 'invalid_type', 'input.format'],
    [{ input: { format: { type: 'pcm16' } } }, 'invalid_value', 'input.format.type'],
    [{ output: { voice: 'nova' } }, 'invalid_value', 'output.voice'],
    [{ output: { speed: 2 } }, 'invalid_value', 'output.speed'],
    [{ input: { turn_detection: { type: 'none' } } }, 'invalid_value', 'input.turn_detection.type'],
    [{ input: { turn_detection: {} } }, 'missing_required_parameter', 'input.turn_detection.type'],
    [
      { input: { turn_detection: { type: 'semantic_vad', threshold: 0.5 } } },
      'unknown_parameter',
      'input.turn_detection.threshold',
    ],
    [
      { input: { turn_detection: { type: 'semantic_vad', prefix_padding_ms: 300 } } },
      'unknown_parameter',
      'input.turn_detection.prefix_padding_ms',
    ],
    [
      { input: { turn_detection: { type: 'semantic_vad', silence_duration_ms: 500 } } },
      'unknown_parameter',
      'input.turn_detection.silence_duration_ms',
    ],
    [
      { input: { turn_detection: { type: 'semantic_vad', idle_timeout_ms: 8000 } } },
      'unknown_parameter',
      'input.turn_detection.idle_timeout_ms',
    ],
    [
      { input: { turn_detection: { type: 'semantic_vad', eagerness: 'eager' } } },
      'invalid_value',
      'input.turn_detection.eagerness',
    ],
    [
      { input: { turn_detection: { type: 'server_vad', eagerness: 'high' } } },
      'unknown_parameter',
      'input.turn_detection.eagerness',
    ],
    [{ input: { noise_reduction: { type: 'far' } } }, 'invalid_value', 'input.noise_reduction.type'],
    [
      { input: { turn_detection: { type: 'server_vad', idle_timeout_ms: 1000 } } },
      'invalid_value',
      'input.turn_detection.idle_timeout_ms',
    ],
    [{ input: { transcription: { model: 'whisper-9' } } }, 'invalid_value', 'input.transcription.model'],
  ])('is refused for its audio: %j', (audio, code, param) => {
    const event = { type: 'session.update', session: { type: 'realtime', audio } };

    expect(refusalOf(() => parseClientEvent(event))).toEqual({ code, param: `session.audio.${param}` });
  });

  it.each<[string, Omit<SessionPatch, 'type'>, string]>([
    ['gpt-realtime-1.5', { reasoning: { effort: 'low' } }, 'session.reasoning'],
    ['gpt-realtime-1.5', { parallel_tool_calls: false }, 'session.parallel_tool_calls'],
    ['gpt-realtime-2.1', { model: 'gpt-realtime-2' }, 'session.model'],
    [
      'gpt-realtime-2.1',
      { audio: { input: { transcription: { model: 'whisper-1', keywords: ['x'] } } } },
      'session.audio.input.transcription.keywords',
    ],
  ])('is refused on %s: %j', (model, patch, param) => {
    const refusal = refusalOf(() => applyPatch(configOf(model), { type: 'realtime', ...patch }, QUIET));

    expect(refusal).toEqual({ code: 'invalid_value', param });
  });

  it('keeps the voice once assistant audio is present, and the speed during a response', () => {
    const config = configOf('gpt-realtime-2.1');
    const patch = (output: object): SessionPatch => ({ type: 'realtime', audio: { output } });

    const voice = refusalOf(() => applyPatch(config, patch({ voice: 'ash' }), { ...QUIET, hasSpoken: true }));
    const speed = refusalOf(() => applyPatch(config, patch({ speed: 1.2 }), { ...QUIET, isResponding: true }));
    const same = applyPatch(config, patch({ voice: 'alloy' }), { hasSpoken: true, isResponding: true });

    expect(voice).toEqual({ code: 'cannot_update_voice', param: 'session.audio.output.voice' });
    expect(speed).toEqual({ code: 'invalid_value', param: 'session.audio.output.speed' });
    expect(same).toEqual(config);
  });

  it('changes only what it names', () => {
    const config = configOf('gpt-realtime-2.1');

    const changed = applyPatch(
      config,
      { type: 'realtime', audio: { input: { turn_detection: { type: 'server_vad', threshold: 0.7 } } } },
      QUIET,
    );

    expect(changed.audio.input.turn_detection).toMatchObject({ threshold: 0.7, silence_duration_ms: 200 });
    expect({ ...changed, audio: config.audio }).toEqual(config);
    expect(changed.audio.output).toEqual(config.audio.output);
  });
});

describe('another client event', () => {
  it.each([
    [{ type: 'response.create', response: { instructions: 'Say hi.', conversation: 'none', metadata: { a: 'b' } } }],
    [{ type: 'response.create', response: { input: [{ type: 'item_reference', id: 'item_1' }], tool_choice: 'none' } }],
    [{ type: 'input_audio_buffer.commit', event_id: 'e1' }],
    [
      {
        type: 'conversation.item.create',
        previous_item_id: 'root',
        item: { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hi.' }] },
      },
    ],
  ])('is accepted: %j', (event) => {
    expect(parseClientEvent(event)).toEqual(event);
  });

  it.each([
    [{}, 'missing_required_parameter', 'type'],
    [{ type: 'session.delete' }, 'invalid_value', 'type'],
    [{ type: 'output_audio_buffer.clear' }, 'invalid_value', 'type'],
    [{ type: 'input_audio_buffer.append' }, 'missing_required_parameter', 'audio'],
    [{ type: 'input_audio_buffer.append', audio: 'AAAA', stream: 1 }, 'unknown_parameter', 'stream'],
    [{ type: 'response.create', response: { voice: 'ash' } }, 'unknown_parameter', 'response.voice'],
    [{ type: 'response.create', response: { modalities: ['audio'] } }, 'unknown_parameter', 'response.modalities'],
    [{ type: 'response.create', response: { temperature: 1 } }, 'unknown_parameter', 'response.temperature'],
    [{ type: 'response.create', response: { conversation: 'own' } }, 'invalid_value', 'response.conversation'],
    [{ type: 'response.create', response: { metadata: { n: 1 } } }, 'invalid_type', 'response.metadata.n'],
    [{ type: 'response.cancel', item_id: 'x' }, 'unknown_parameter', 'item_id'],
    [{ type: 'conversation.item.delete' }, 'missing_required_parameter', 'item_id'],
  ])('is refused: %j', (event, code, param) => {
    expect(refusalOf(() => parseClientEvent(event))).toEqual({ code, param });
  });

  it.each([
    [12.5, 'invalid_type'],
    [null, 'invalid_type'],
    ['12', 'invalid_type'],
  ])('truncates at whole milliseconds only, not at %j', (audioEndMs, code) => {
    const event = { type: 'conversation.item.truncate', item_id: 'i', content_index: 0, audio_end_ms: audioEndMs };

    expect(refusalOf(() => parseClientEvent(event))).toEqual({ code, param: 'audio_end_ms' });
  });

  it.each([
    [{ type: 'message', role: 'assistant', content: [{ type: 'text', text: 'x' }] }, 'item.content[0].type'],
    [
      { type: 'message', role: 'assistant', content: [{ type: 'output_audio', transcript: 'x' }] },
      'item.content[0].transcript',
    ],
    [{ type: 'message', role: 'user', content: [{ type: 'text', text: 'x' }] }, 'item.content[0].type'],
    [{ type: 'message', role: 'tool', content: [] }, 'item.role'],
    [{ type: 'function_call_output', output: 'x' }, 'item.call_id'],
    [{ id: 'i'.repeat(33), type: 'message', role: 'system', content: [] }, 'item.id'],
  ])('creates no such item: %j', (item, param) => {
    const event = { type: 'conversation.item.create', item };

    expect(refusalOf(() => parseClientEvent(event)).param).toBe(param);
  });
});
