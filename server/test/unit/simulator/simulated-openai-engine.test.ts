/** The simulated OpenAI's protocol without a socket, where time can be controlled: items, and the idle callee. */
import { encodeL16, tone } from '../../../src/simulator/pcm';
import type { AiScript } from '../../../src/simulator/simulated-openai/ai-script';
import { parseClientEvent } from '../../../src/simulator/simulated-openai/client-event-schemas';
import { SessionEngine } from '../../../src/simulator/simulated-openai/session-engine';
import { SpeechSource } from '../../../src/simulator/simulated-openai/speech-source';
import { IdSource, type WireEvent } from '../../../src/simulator/simulated-openai/wire-events';

const SECOND_OF_SPEECH = { toneHz: 300, ms: 1000, text: 'One two.' };

class Session {
  readonly events: WireEvent[] = [];
  readonly engine: SessionEngine;

  constructor(script: AiScript) {
    this.engine = new SessionEngine({
      sessionId: 'sess_1',
      model: 'gpt-realtime-2.1',
      quirk: 'none',
      ids: new IdSource(),
      source: new SpeechSource(() => new Int16Array(0)),
      keepsAudio: false,
      emit: (event) => this.events.push(event),
      chooseScript: () => script,
    });
  }

  send(event: WireEvent): void {
    this.engine.handle(parseClientEvent(event));
  }

  update(turnDetection: object): void {
    const session = { type: 'realtime', audio: { input: { turn_detection: turnDetection } } };
    this.send({ type: 'session.update', session });
  }

  append(samples: Int16Array): void {
    this.send({ type: 'input_audio_buffer.append', audio: encodeL16(samples).toString('base64') });
  }

  typesAfter(count: number): string[] {
    return this.events.slice(count).map(({ type }) => type);
  }
}

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

it('acknowledges what is done to an item, and what is not there is an error', () => {
  const session = new Session({ turns: [{ say: [SECOND_OF_SPEECH], thinkMs: 0, speedup: Infinity }] });
  session.send({ type: 'response.create' });
  const { id } = session.engine.conversation.items[0]!;
  const before = session.events.length;

  session.send({ type: 'conversation.item.truncate', item_id: id, content_index: 0, audio_end_ms: 250 });
  session.send({ type: 'conversation.item.retrieve', item_id: id });
  session.send({ type: 'conversation.item.delete', item_id: id });

  expect(session.events.slice(before)).toEqual([
    { type: 'conversation.item.truncated', item_id: id, content_index: 0, audio_end_ms: 250 },
    { type: 'conversation.item.retrieved', item: expect.objectContaining({ id, role: 'assistant' }) },
    { type: 'conversation.item.deleted', item_id: id },
  ]);
  expect(() => session.send({ type: 'conversation.item.retrieve', item_id: id })).toThrow('not found');
});

it('takes the output of a tool call that was made, and of no other', () => {
  const session = new Session({});
  const call = { type: 'function_call', call_id: 'call_1', name: 'look_up', arguments: '{}' };
  const output = { type: 'function_call_output', call_id: 'call_1', output: '{}' };

  expect(() => session.send({ type: 'conversation.item.create', item: output })).toThrow(
    "Tool call ID 'call_1' not found in conversation.",
  );
  session.send({ type: 'conversation.item.create', item: call });
  session.send({ type: 'conversation.item.create', item: output });

  expect(session.engine.conversation.items.map(({ type }) => type)).toEqual(['function_call', 'function_call_output']);
  expect(session.events.at(-1)).toMatchObject({ type: 'conversation.item.done', item: output });
});

it('speaks up when the callee stays silent for the idle timeout after the answer was played out', () => {
  const session = new Session({ otherwise: { say: [SECOND_OF_SPEECH], thinkMs: 0 } });
  session.update({ type: 'server_vad', idle_timeout_ms: 6000 });
  session.send({ type: 'response.create' });
  jest.advanceTimersByTime(6900);
  const before = session.events.length;

  jest.advanceTimersByTime(200);

  expect(session.typesAfter(before).slice(0, 5)).toEqual([
    'input_audio_buffer.timeout_triggered',
    'input_audio_buffer.committed',
    'conversation.item.added',
    'conversation.item.done',
    'response.created',
  ]);
  session.engine.stop();
});

it('does not speak up when the callee speaks in time', () => {
  const session = new Session({ otherwise: { say: [SECOND_OF_SPEECH], thinkMs: 0 } });
  session.update({ type: 'server_vad', idle_timeout_ms: 6000, create_response: false });
  session.send({ type: 'response.create' });
  jest.advanceTimersByTime(5000);

  session.append(tone({ hz: 500, ms: 200, sampleRateHz: 24_000 }));
  jest.advanceTimersByTime(60_000);

  expect(session.typesAfter(0)).not.toContain('input_audio_buffer.timeout_triggered');
  session.engine.stop();
});

it('keeps hearing a turn when an update changes only what the turn leads to', () => {
  const session = new Session({ otherwise: {} });
  session.update({ type: 'server_vad', silence_duration_ms: 300, interrupt_response: false });
  session.append(tone({ hz: 500, ms: 200, sampleRateHz: 24_000 }));

  session.update({ type: 'server_vad', silence_duration_ms: 300 });
  session.append(new Int16Array(24_000));

  expect(session.typesAfter(0).filter((type) => type.startsWith('input_audio_buffer.speech'))).toEqual([
    'input_audio_buffer.speech_started',
    'input_audio_buffer.speech_stopped',
  ]);
  session.engine.stop();
});

it('says in words why no answer follows when the model may not be interrupted', () => {
  const session = new Session({ otherwise: { say: [SECOND_OF_SPEECH], speedup: 1 } });
  session.update({ type: 'server_vad', interrupt_response: false });
  session.send({ type: 'response.create' });

  session.append(tone({ hz: 500, ms: 200, sampleRateHz: 24_000 }));
  session.append(new Int16Array(24_000));

  expect(session.events.at(-1)).toMatchObject({
    type: 'error',
    error: { code: 'conversation_already_has_active_response', event_id: null },
  });
  session.engine.stop();
});
