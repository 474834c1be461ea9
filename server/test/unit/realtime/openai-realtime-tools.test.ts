// Tools on the wire: which calls of the model are run, and how it is known that the server has their results.

import { type ClientEvent, created, done, RealtimeRig, refused } from './realtime-server';

let rig: RealtimeRig;

beforeEach(async () => {
  rig = await RealtimeRig.start();
  await rig.ready();
});

afterEach(() => rig.stop());

/** The model calls a tool; `stage` is how far it has come with that. */
function toolItem(stage: 'added' | 'done', changes: object = {}): ClientEvent {
  const item = {
    id: 'item-1',
    type: 'function_call',
    status: stage === 'done' ? 'completed' : 'in_progress',
    call_id: 'call-1',
    name: 'remaining_time',
    arguments: stage === 'done' ? '{"unit":"s"}' : '',
    ...changes,
  };
  return { type: `response.output_item.${stage}`, response_id: 'a', output_index: 0, item };
}

function itemAdded(item: object): ClientEvent {
  return {
    type: 'conversation.item.added',
    previous_item_id: null,
    item: { id: 'item-2', status: 'completed', ...item },
  };
}

/** The results that the model was given. */
function outputs(): [unknown, unknown][] {
  return rig.of('conversation.item.create').map(({ item }) => {
    const { call_id: toolCallId, output } = item as { call_id: string; output: string };
    return [toolCallId, JSON.parse(output)];
  });
}

describe('a call of a tool', () => {
  test('is reported with its arguments as the model wrote them', async () => {
    await rig.tell(created('a'), toolItem('done', { arguments: '{"unit": ' }));

    expect(rig.listener.toolCalls).toEqual([
      { toolCallId: 'call-1', responseId: 'a', name: 'remaining_time', argumentsJson: '{"unit": ' },
    ]);
  });

  test('is reported once, when it is complete, and before the end of its response', async () => {
    const output = [toolItem('done')['item']];
    const whole = { id: 'a', status: 'completed', output };

    await rig.tell(created('a'), toolItem('added'));
    expect(rig.listener.toolCalls).toEqual([]);
    await rig.tell(
      { type: 'response.function_call_arguments.done', response_id: 'a', call_id: 'call-1', arguments: '{}' },
      toolItem('done'),
      { type: 'response.done', response: whole },
    );

    expect(rig.listener.log.filter((entry) => entry === 'tool call' || entry === 'done')).toEqual([
      'tool call',
      'done',
    ]);
  });

  test.each(['incomplete', 'in_progress', undefined])(
    'with the status %s is not run: it was cut off',
    async (status) => {
      await rig.tell(created('a'), toolItem('done', { status }));

      expect(rig.listener.toolCalls).toEqual([]);
    },
  );

  test.each([{ call_id: undefined }, { name: undefined }, { type: 'message' }])('is none with %j', async (changes) => {
    await rig.tell(created('a'), toolItem('done', changes));

    expect(rig.listener.toolCalls).toEqual([]);
    expect(rig.session.closed).toBe(false);
  });

  test('without arguments has empty ones', async () => {
    await rig.tell(created('a'), toolItem('done', { arguments: undefined }));

    expect(rig.listener.toolCalls).toMatchObject([{ argumentsJson: '' }]);
  });

  test('of a response that was given up for its silence is not run: another one stands in for it', async () => {
    await rig.tell(created('a'));
    rig.clock.advance(8_000);
    await rig.until('response.cancel');

    await rig.tell(toolItem('done'));

    expect(rig.listener.toolCalls).toEqual([]);
  });

  test('of a response that we have cancelled is not run, and the model learns that', async () => {
    await rig.tell(created('a'));
    rig.session.cancelResponse('active');

    await rig.tell(toolItem('done'), done('a', 'cancelled'));
    await rig.until('conversation.item.create');

    expect(rig.listener.toolCalls).toEqual([]);
    expect(outputs()).toEqual([['call-1', expect.objectContaining({ status: 'canceled' })]]);
  });

  test('of a response that was put off for the callee’s words is not run, and the model learns that', async () => {
    rig.session.requestResponse({ requestId: 'r', content: { kind: 'answer' }, mayUseTools: true });
    await rig.until('response.create');
    await rig.tell(
      { type: 'input_audio_buffer.speech_started', item_id: 'callee' },
      created('a', rig.of('response.create')[0]),
      toolItem('done'),
    );
    await rig.until('conversation.item.create');

    expect(rig.listener.toolCalls).toEqual([]);
    expect(outputs()).toEqual([['call-1', expect.objectContaining({ status: 'canceled' })]]);
  });

  test('of a response that we have cancelled, when it was cut off itself, has no result', async () => {
    await rig.tell(created('a'));
    rig.session.cancelResponse('active');

    await rig.tell(toolItem('done', { status: 'incomplete' }), done('a', 'cancelled'));
    await rig.flush();

    expect(outputs()).toEqual([]);
  });

  test('each of several in one response is reported', async () => {
    await rig.tell(created('a'), toolItem('done'), toolItem('done', { call_id: 'call-2' }), done('a'));

    expect(rig.listener.toolCalls.map(({ toolCallId }) => toolCallId)).toEqual(['call-1', 'call-2']);
  });
});

describe('a response that only calls tools', () => {
  test('is not given up for its silence while it makes progress', async () => {
    await rig.tell(created('a'));
    for (const event of [toolItem('added'), toolItem('done'), toolItem('added', { call_id: 'call-2' })]) {
      rig.clock.advance(7_000);
      await rig.tell(event);
    }
    rig.clock.advance(7_000);
    await rig.tell(toolItem('done', { call_id: 'call-2' }), done('a'));
    rig.clock.advance(20_000);
    await rig.flush();

    expect([rig.of('response.cancel'), rig.of('response.create')]).toEqual([[], []]);
  });

  test('is given up when it stops making progress', async () => {
    await rig.tell(created('a'));
    rig.clock.advance(7_000);
    await rig.tell(toolItem('added'));

    rig.clock.advance(7_999);
    await rig.flush();
    expect(rig.of('response.cancel')).toEqual([]);
    rig.clock.advance(1);

    await rig.until('response.cancel');
    expect(rig.of('response.cancel')).toMatchObject([{ response_id: 'a' }]);
  });
});

describe('the result of a tool', () => {
  test('goes to the model as the output of that call, and makes nobody speak', async () => {
    rig.session.answerTool('call-1', '{"seconds":90}');
    await rig.flush();

    expect(rig.of('conversation.item.create')).toMatchObject([
      { item: { type: 'function_call_output', call_id: 'call-1', output: '{"seconds":90}' } },
    ]);
    expect(rig.of('response.create')).toEqual([]);
  });

  test('has arrived when the server adds it to the conversation, once', async () => {
    rig.session.answerTool('call-1', '{}');
    await rig.until('conversation.item.create');
    expect(rig.listener.answeredTools).toEqual([]);

    const added = itemAdded({ type: 'function_call_output', call_id: 'call-1' });
    await rig.tell(added, added);

    expect(rig.listener.answeredTools).toEqual(['call-1']);
  });

  test('counts as arrived when the server refuses it: nobody may wait for it', async () => {
    rig.session.answerTool('call-1', '{}');
    await rig.until('conversation.item.create');

    await rig.tell(
      refused(rig.of('conversation.item.create')[0]!, { type: 'invalid_request_error', code: 'invalid_value' }),
    );

    expect(rig.listener.answeredTools).toEqual(['call-1']);
    expect(rig.session.closed).toBe(false);
  });

  test('counts as arrived when the server fails over it', async () => {
    rig.session.answerTool('call-1', '{}');
    await rig.until('conversation.item.create');

    await rig.tell(refused(rig.of('conversation.item.create')[0]!, { type: 'server_error', code: null }));
    rig.clock.advance(10_000);
    await rig.flush();

    expect(rig.listener.answeredTools).toEqual(['call-1']);
    expect(rig.of('response.create')).toEqual([]);
  });

  test.each([
    ['another result', { type: 'function_call_output', call_id: 'call-2' }],
    ['a message', { type: 'message', role: 'user' }],
    ['the call itself', { type: 'function_call', call_id: 'call-2' }],
  ])('has not arrived with %s', async (_what, item) => {
    rig.session.answerTool('call-1', '{}');
    await rig.until('conversation.item.create');

    await rig.tell(itemAdded(item), { type: 'error', error: { type: 'invalid_request_error', code: 'invalid_value' } });

    expect(rig.listener.answeredTools).toEqual([]);
  });

  test('each of several is told by itself, in the order in which the server has them', async () => {
    rig.session.answerTool('call-1', '{}');
    rig.session.answerTool('call-2', '{}');
    await rig.until('conversation.item.create', 2);

    await rig.tell(
      itemAdded({ type: 'function_call_output', call_id: 'call-2' }),
      itemAdded({ type: 'function_call_output', call_id: 'call-1' }),
    );

    expect(rig.listener.answeredTools).toEqual(['call-2', 'call-1']);
  });
});
