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
  readonly violations: string[] = [];

  constructor(script: AiScript) {
    this.engine = new SessionEngine({
      sessionId: 'sess_1',
      model: 'gpt-realtime-2.1',
      quirk: 'none',
      ids: new IdSource(),
      source: new SpeechSource(() => new Int16Array(0)),
      keepsAudio: false,
      lifetimeMs: 3_600_000,
      emit: (event) => this.events.push(event),
      chooseScript: () => script,
      onViolation: (description) => this.violations.push(description),
      onBreak: () => undefined,
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

it('never speaks up by itself when turns neither create nor interrupt a response', () => {
  const session = new Session({ otherwise: { say: [SECOND_OF_SPEECH], thinkMs: 0 } });
  session.update({
    type: 'server_vad',
    idle_timeout_ms: 6000,
    create_response: false,
    interrupt_response: false,
  });
  session.send({ type: 'response.create' });

  jest.advanceTimersByTime(60_000);

  expect(session.typesAfter(0)).toContain('input_audio_buffer.timeout_triggered');
  expect(session.engine.responses).toHaveLength(1);
  session.engine.stop();
});

it('stops waiting for an idle callee when an update takes the timeout away', () => {
  const session = new Session({ otherwise: { say: [SECOND_OF_SPEECH], thinkMs: 0 } });
  session.update({ type: 'server_vad', idle_timeout_ms: 6000 });
  session.send({ type: 'response.create' });
  jest.advanceTimersByTime(5000);

  session.update({ type: 'semantic_vad' });
  jest.advanceTimersByTime(60_000);

  expect(session.typesAfter(0)).not.toContain('input_audio_buffer.timeout_triggered');
  session.engine.stop();
});

describe('a response whose events leave late', () => {
  const LATE = { say: [SECOND_OF_SPEECH], thinkMs: 100, speedup: 1, deltaLagMs: 50 };

  function audioAt(ms: number, session: Session): number {
    jest.advanceTimersByTime(ms);
    return session.typesAfter(0).filter((type) => type === 'response.output_audio.delta').length;
  }

  it('begins and goes on that much later', () => {
    const session = new Session({ turns: [LATE] });
    session.send({ type: 'response.create' });

    jest.advanceTimersByTime(49);
    expect(session.typesAfter(0)).not.toContain('response.created');
    jest.advanceTimersByTime(1);
    expect(session.typesAfter(0)).toContain('response.created');
    expect(audioAt(99, session)).toBe(0);
    // The first delta at 150, the second 20 ms of audio after it.
    expect(audioAt(1, session)).toBe(1);
    expect(audioAt(19, session)).toBe(1);
    expect(audioAt(1, session)).toBe(2);
    session.engine.stop();
  });

  it('sends after a cancel what was due by then and nothing else, each event in its time', () => {
    const session = new Session({ turns: [LATE] });
    session.send({ type: 'response.create' });
    // Due are the deltas of 100 and 120, of which none has left; the third is due at 220.
    jest.advanceTimersByTime(130);

    session.send({ type: 'response.cancel' });

    expect(session.engine.responses).toMatchObject([{ status: 'in_progress' }]);
    expect(audioAt(19, session)).toBe(0);
    expect(audioAt(1, session)).toBe(1);
    expect(audioAt(29, session)).toBe(2);
    expect(session.typesAfter(0)).not.toContain('response.done');
    expect(audioAt(1, session)).toBe(2);
    expect(session.typesAfter(0).slice(-2)).toEqual(['response.done', 'rate_limits.updated']);
    expect(session.engine.responses).toMatchObject([{ status: 'cancelled' }]);
    expect(audioAt(5000, session)).toBe(2);
  });

  it('is still in the way of another until its end has left, and cannot be cancelled twice', () => {
    const session = new Session({ turns: [LATE] });
    session.send({ type: 'response.create' });
    jest.advanceTimersByTime(130);
    session.send({ type: 'response.cancel' });

    expect(() => session.send({ type: 'response.create' })).toThrow('already has an active response');
    expect(() => session.send({ type: 'response.cancel' })).toThrow('no active response found');
    jest.advanceTimersByTime(50);
    session.send({ type: 'response.create' });

    expect(session.engine.responses).toHaveLength(2);
    session.engine.stop();
  });

  it('ends cancelled even when all of it was due', () => {
    const session = new Session({ turns: [{ ...LATE, thinkMs: 0, speedup: Infinity }] });
    session.send({ type: 'response.create' });
    jest.advanceTimersByTime(20);

    session.send({ type: 'response.cancel' });
    jest.advanceTimersByTime(50);

    expect(session.engine.conversation.items).toMatchObject([{ status: 'completed', audioMs: 1000 }]);
    expect(session.engine.responses).toMatchObject([{ status: 'cancelled' }]);
  });

  it('ends when and because it was cancelled first, even if the callee speaks before that', () => {
    const session = new Session({ turns: [LATE] });
    session.update({ type: 'server_vad', create_response: false });
    session.send({ type: 'response.create' });
    jest.advanceTimersByTime(130);
    session.send({ type: 'response.cancel' });

    jest.advanceTimersByTime(40);
    session.append(tone({ hz: 500, ms: 200, sampleRateHz: 24_000 }));
    jest.advanceTimersByTime(10);

    const done = session.events.find(({ type }) => type === 'response.done');
    expect(done).toMatchObject({ response: { status_details: { reason: 'client_cancelled' } } });
    session.engine.stop();
  });

  it('is not answered over when the callee speaks again before its end', () => {
    const session = new Session({ turns: [{ ...LATE, deltaLagMs: 500 }] });
    session.update({ type: 'server_vad' });
    session.send({ type: 'response.create' });
    jest.advanceTimersByTime(700);
    session.append(tone({ hz: 500, ms: 200, sampleRateHz: 24_000 }));
    session.append(new Int16Array(24_000));

    session.append(tone({ hz: 500, ms: 200, sampleRateHz: 24_000 }));
    jest.advanceTimersByTime(1000);
    expect(session.engine.responses).toMatchObject([{ requestedBy: 'client', status: 'cancelled' }]);
    session.append(new Int16Array(24_000));

    expect(session.engine.responses).toMatchObject([{}, { requestedBy: 'vad' }]);
    session.engine.stop();
  });
});
