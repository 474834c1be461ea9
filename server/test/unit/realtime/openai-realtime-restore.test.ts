// A session that goes on with a conversation which another one has begun: how it gets to know it, and in which order.

import type { HistoryItem } from '../../../src/calls/conversation-ports';
import { created, RealtimeRig, refused } from './realtime-server';

const WRONG = { type: 'invalid_request_error', code: 'invalid_value', param: 'item' };

const HISTORY: HistoryItem[] = [
  { kind: 'message', role: 'assistant', text: 'Hello, this is Ann.' },
  { kind: 'message', role: 'user', text: 'What time is it?' },
  { kind: 'tool', toolCallId: 'call-1', name: 'time', argumentsJson: '{"zone":"UTC"}', output: '{"time":"noon"}' },
  { kind: 'tool', toolCallId: 'call-2', name: 'weather', argumentsJson: '{}' },
  { kind: 'message', role: 'system', text: 'Go on.' },
];

let rig: RealtimeRig;

beforeEach(async () => {
  rig = await RealtimeRig.start();
});

afterEach(() => rig.stop());

/** Goes through the opening moves, with something to do at the moment in which the session is ready. */
async function ready(atReady: () => void): Promise<void> {
  rig.listener.onReady = () => {
    rig.listener.log.push('ready');
    atReady();
  };
  await rig.ready();
  await rig.flush();
}

function items(): unknown[] {
  return rig.of('conversation.item.create').map(({ item }) => item);
}

function sentAfterSettings(): string[] {
  return rig.received.slice(1).map(({ type }) => type);
}

test('the history is put into the conversation in its order, each part in the form of its kind', async () => {
  await ready(() => rig.session.restore(HISTORY));

  expect(items()).toEqual([
    { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hello, this is Ann.' }] },
    { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'What time is it?' }] },
    { type: 'function_call', call_id: 'call-1', name: 'time', arguments: '{"zone":"UTC"}' },
    { type: 'function_call_output', call_id: 'call-1', output: '{"time":"noon"}' },
    { type: 'function_call', call_id: 'call-2', name: 'weather', arguments: '{}' },
    { type: 'message', role: 'system', content: [{ type: 'input_text', text: 'Go on.' }] },
  ]);
});

test('every part can be told from the others by the id of its event', async () => {
  await ready(() => rig.session.restore(HISTORY));

  const ids = rig.of('conversation.item.create').map(({ event_id: eventId }) => eventId);
  expect(new Set(ids).size).toBe(6);
});

test('words of nobody are left out', async () => {
  await ready(() => rig.session.restore([{ kind: 'message', role: 'user', text: ' ' }]));

  expect(items()).toEqual([]);
});

test('the history goes ahead of everything that was asked of the session before, whatever comes after it', async () => {
  rig.session.addMessage('system', 'early');
  rig.say('greeting', 'Hello.');
  await ready(() => {
    rig.session.restore([{ kind: 'message', role: 'user', text: 'history' }]);
    rig.session.takeTurns('listen');
    rig.session.appendAudio(Buffer.alloc(2));
  });

  const texts = items().map((item) => (item as { content: { text: string }[] }).content[0]!.text);
  expect(texts).toEqual(['history', 'early']);
  expect(sentAfterSettings().slice(2)).toEqual([
    'session.update',
    'input_audio_buffer.append',
    'response.create',
    'conversation.item.delete',
  ]);
});

test('a session that its owner closes when it is ready asks for nothing', async () => {
  rig.say('greeting', 'Hello.');
  rig.listener.onReady = () => {
    rig.listener.log.push('ready');
    rig.session.close();
  };
  await rig.ready();

  expect(rig.of('response.create')).toEqual([]);
  expect(rig.clock.pendingTimers).toBe(0);
});

test('a part that the server refuses costs nothing but that part', async () => {
  await ready(() => rig.session.restore(HISTORY));

  await rig.tell(refused(rig.of('conversation.item.create')[0]!, WRONG));

  expect(rig.session.closed).toBe(false);
  expect(rig.log.at('warn')).toMatchObject([{ fields: { errorCode: 'invalid_value' } }]);
});

test('the server’s echo of the history is news to nobody', async () => {
  await ready(() => rig.session.restore(HISTORY));

  await rig.tell(...items().map((item) => ({ type: 'conversation.item.added', previous_item_id: null, item })));

  expect(rig.listener.log).toEqual(['ready', expect.stringContaining('callee: marker')]);
});

test('a tool that was still running gives its result to the new session', async () => {
  await ready(() => rig.session.restore(HISTORY));

  rig.session.answerTool('call-2', '"sunny"');
  await rig.flush();
  await rig.tell({ type: 'conversation.item.added', item: items().at(-1) });

  expect(items().at(-1)).toEqual({ type: 'function_call_output', call_id: 'call-2', output: '"sunny"' });
  expect(rig.listener.answeredTools).toEqual(['call-2']);
});

describe('a first request that the server refuses', () => {
  test('is dropped in a session with a history: its settings have proved themselves', async () => {
    await ready(() => rig.session.restore(HISTORY));
    rig.say('again', 'As I said.');
    await rig.until('response.create');

    await rig.tell(refused(rig.of('response.create')[0]!, WRONG));

    expect(rig.listener.dropped).toEqual(['again']);
    expect(rig.session.closed).toBe(false);
  });

  test('is the end of a session without one', async () => {
    await ready(() => rig.session.restore([]));
    rig.say('greeting', 'Hello.');
    await rig.until('response.create');

    await rig.tell(refused(rig.of('response.create')[0]!, WRONG));

    expect(await rig.failure()).toMatchObject({ reason: 'ai-refused-session' });
  });
});

test('after the history responses are made as ever', async () => {
  await ready(() => rig.session.restore(HISTORY));
  rig.say('again', 'As I said.');
  await rig.until('response.create');

  await rig.tell(created('a', rig.of('response.create')[0]));

  expect(rig.listener.started).toEqual([{ responseId: 'a', requestId: 'again', isUnwanted: false }]);
});
