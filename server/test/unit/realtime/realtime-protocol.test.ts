// Which server events are read, in which shapes, and which are let pass.

import fc from 'fast-check';
import { parseServerEvent } from '../../../src/realtime/realtime-protocol';

function parse(event: unknown): ReturnType<typeof parseServerEvent> {
  return parseServerEvent(JSON.stringify(event));
}

const DONE = { type: 'response.done', response: { id: 'r', status: 'completed' } };

function done(changes: object): unknown {
  return { ...DONE, response: { ...DONE.response, ...changes } };
}

describe('reads', () => {
  test.each([
    [{ type: 'session.created', session: { id: 's', model: 'm', tools: [] } }],
    [{ type: 'session.updated', session: { audio: { input: { format: { type: 'audio/pcmu' } } } } }],
    [{ type: 'error', event_id: 'e', error: { type: 'server_error', code: null, message: 'x', param: null } }],
    [{ type: 'input_audio_buffer.speech_started', item_id: 'i', audio_start_ms: 5 }],
    [{ type: 'input_audio_buffer.speech_stopped', item_id: 'i', audio_end_ms: 5 }],
    [{ type: 'conversation.item.input_audio_transcription.completed', item_id: 'i', transcript: '' }],
    [
      {
        type: 'conversation.item.input_audio_transcription.failed',
        item_id: 'i',
        error: { code: 'audio_unintelligible' },
      },
    ],
    [{ type: 'response.created', response: { id: 'r', metadata: null } }],
    [{ type: 'response.created', response: { id: 'r', metadata: { request: 'response-1' } } }],
    [DONE],
    [{ type: 'conversation.item.added', item: { id: 'i', type: 'function_call_output', call_id: 'c', output: '{}' } }],
    [{ type: 'conversation.item.added', previous_item_id: null, item: { type: 'message', role: 'user', content: [] } }],
    [{ type: 'response.output_item.added', response_id: 'r', output_index: 0, item: { type: 'message' } }],
    [
      {
        type: 'response.output_item.done',
        response_id: 'r',
        item: { type: 'function_call', status: 'completed', call_id: 'c', name: 'n', arguments: '{"a":1}' },
      },
    ],
    [done({ status: 'failed', status_details: { type: 'failed', error: { type: 'server_error' } } })],
    [done({ status: 'cancelled', status_details: { type: 'cancelled', reason: 'turn_detected' } })],
    [{ type: 'response.output_audio.delta', response_id: 'r', item_id: 'i', content_index: 0, delta: 'AA==' }],
    [{ type: 'response.output_audio.done', response_id: 'r', item_id: 'i', content_index: 0 }],
    [{ type: 'response.output_audio_transcript.delta', response_id: 'r', item_id: 'i', delta: 'a', obfuscation: 'x' }],
    [{ type: 'response.output_audio_transcript.done', response_id: 'r', item_id: 'i', transcript: 'a' }],
  ])('%j', (event) => {
    expect(parse(event)).toMatchObject({ type: (event as { type: string }).type });
  });

  test.each([
    ['compact', (json: object) => JSON.stringify(json)],
    ['spaced', (json: object) => JSON.stringify(json, null, 1)],
    ['with escaped slashes', (json: object) => JSON.stringify(json).replaceAll('/', String.raw`\/`)],
  ])('audio is read the same %s', (_how, write) => {
    const event = {
      type: 'response.output_audio.delta',
      response_id: 'r',
      item_id: 'i',
      content_index: 1,
      delta: '/+8=',
    };

    expect(parseServerEvent(write({ event_id: 'e', output_index: 0, ...event }))).toEqual(event);
  });

  test('words about audio are not audio', () => {
    const words = 'She said "type":"response.output_audio.delta" "delta":"AAAA"';
    const event = { type: 'response.output_audio_transcript.delta', response_id: 'r', item_id: 'i', delta: words };

    expect(parseServerEvent(JSON.stringify(event))).toMatchObject({ type: event.type, delta: words });
  });

  test('an audio part without an index as the first', () => {
    const event = parse({ type: 'response.output_audio.done', response_id: 'r', item_id: 'i' });

    expect(event).toMatchObject({ content_index: 0 });
  });
});

test('the arguments of a tool call are kept as they are, whatever is in them', () => {
  const item = { type: 'function_call', status: 'completed', call_id: 'c', name: 'n', arguments: '{"a": "\\u00e4' };

  expect(parse({ type: 'response.output_item.done', response_id: 'r', item })).toMatchObject({ item });
});

describe('reads in spite of details that are odd, since the event decides what happens next', () => {
  test.each([
    ['no usage', done({ usage: null })],
    ['no split of the cached tokens', done({ usage: { input_token_details: { cached_tokens_details: null } } })],
    ['a count that is null', done({ usage: { input_token_details: { text_tokens: null } } })],
    ['no details of the output', done({ usage: { output_token_details: null } })],
    ['usage of another shape', done({ usage: 'unknown' })],
    ['an error of another shape', done({ status: 'failed', status_details: { error: { code: 500 } } })],
    ['a status of tomorrow', done({ status: 'superseded' })],
  ])('a response that is done, with %s', (_what, event) => {
    expect(parse(event)).toMatchObject({ type: 'response.done', response: { id: 'r' } });
  });

  test('an item with details of another shape', () => {
    const item = { type: 'function_call', status: null, call_id: ['c'], name: {}, arguments: { a: 1 } };

    expect(parse({ type: 'response.output_item.done', response_id: 'r', item })).toMatchObject({
      type: 'response.output_item.done',
      response_id: 'r',
    });
  });

  test.each([null, -1, '5', undefined])('the end of speech, at %j', (audioEndMs) => {
    const event = parse({ type: 'input_audio_buffer.speech_stopped', item_id: 'i', audio_end_ms: audioEndMs });

    expect(event).toMatchObject({ type: 'input_audio_buffer.speech_stopped' });
    expect((event as { audio_end_ms?: number | null }).audio_end_ms ?? undefined).toBeUndefined();
  });

  test('words of the callee, with usage of another kind', () => {
    const type = 'conversation.item.input_audio_transcription.completed';

    expect(parse({ type, item_id: 'i', transcript: 'Yes.', usage: { type: 'credits' } })).toMatchObject({
      transcript: 'Yes.',
    });
  });

  test('a session whose formats have a rate of null', () => {
    const format = { type: 'audio/pcmu', rate: null };

    expect(
      parse({ type: 'session.updated', session: { audio: { input: { format }, output: { format } } } }),
    ).toMatchObject({ type: 'session.updated' });
  });

  test('a response that has begun, with metadata of another shape', () => {
    expect(parse({ type: 'response.created', response: { id: 'r', metadata: { n: 1 } } })).toMatchObject({
      type: 'response.created',
    });
  });
});

describe('ignores', () => {
  test.each([
    '',
    'null',
    '[]',
    '5',
    '{',
    '{}',
    '{"type":"rate_limits.updated","rate_limits":[]}',
    '{"type":"response.function_call_arguments.done","call_id":"c"}',
    '{"type":"conversation.item.done","item":{}}',
    '{"type":"an.event.of.tomorrow"}',
    '{"type":5}',
    '{"type":"__proto__"}',
  ])('%s', (text) => {
    expect(parseServerEvent(text)).toBeUndefined();
  });

  test.each([
    '{"type":"response.created"}',
    '{"type":"response.done","response":{}}',
    '{"type":"response.output_item.added"}',
    '{"type":"response.output_item.done","item":{"type":"function_call"}}',
    '{"type":"conversation.item.added"}',
    '{"type":"response.output_audio.delta","delta":"AA=="}',
    '{"type":"response.output_audio.delta","response_id":"r","item_id":"i","delta":5}',
  ])('%s, and says so, since it is of a kind that matters', (text) => {
    const { type } = JSON.parse(text) as { type: string };

    expect(parseServerEvent(text)).toEqual({ type: 'unreadable', of: type });
  });

  test('any text whatever, without throwing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(() => parseServerEvent(text)).not.toThrow();
      }),
    );
  });
});
