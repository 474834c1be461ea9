/** Requests that a bridge makes in the middle of a call of the simulated OpenAI: updates, items, tool outputs, responses. */
import { SimulatedOpenai } from '../../../src/simulator/simulated-openai/simulated-openai';
import { FAST, openSession, sayTone, type Client } from './simulated-openai-harness';

let openai: SimulatedOpenai;

beforeEach(async () => {
  openai = await SimulatedOpenai.start();
});

afterEach(() => openai.close());

const TOOL = { type: 'function', name: 'look_up', description: 'Looks up.', parameters: { type: 'object' } };
const LOOK_UP = { name: 'look_up', arguments: '{}' };

/** Lets the AI call its tool, and returns the id of the call. */
async function callIdOf(client: Client): Promise<string> {
  client.ask();
  const { item } = await client.until('response.output_item.done');
  await client.until('response.done');
  return item.call_id;
}

function outputOf(callId: string): object {
  return { type: 'function_call_output', call_id: callId, output: '{"status":"ok"}' };
}

describe('an update in the middle of a call', () => {
  it('may carry nothing but instructions', async () => {
    const { client, session } = await openSession(openai, undefined, { instructions: 'Old.', tools: [TOOL] });

    const shown = await client.update({ instructions: 'New.' });

    expect(shown).toMatchObject({ instructions: 'New.', tools: [TOOL] });
    expect(session.instructions).toBe('New.');
  });

  it('may carry nothing but tools, even none', async () => {
    const { client } = await openSession(openai, undefined, { instructions: 'Old.' });

    const withTool = await client.update({ tools: [TOOL] });
    const without = await client.update({ tools: [] });

    expect(withTool).toMatchObject({ instructions: 'Old.', tools: [TOOL] });
    expect(without).toMatchObject({ instructions: 'Old.', tools: [] });
  });

  it('lets the AI call a tool from the next response on', async () => {
    const { client } = await openSession(openai, { otherwise: { functionCall: LOOK_UP, ...FAST } });
    client.ask();
    const before = await client.until('response.done');

    await client.update({ tools: [TOOL] });
    client.ask();
    const after = await client.until('response.done');

    expect(before.response.output).toEqual([]);
    expect(after.response.output).toMatchObject([LOOK_UP]);
  });
});

describe('the output of a tool', () => {
  it('is taken while a response is active', async () => {
    const turns = [{ functionCall: LOOK_UP, ...FAST }, { say: [sayTone(20_000)] }];
    const { client, session } = await openSession(openai, { turns }, { tools: [TOOL] });
    const callId = await callIdOf(client);
    client.ask();
    await client.until('response.output_audio.delta');

    const { item } = await client.create(outputOf(callId));

    expect(item).toMatchObject(outputOf(callId));
    expect(session.responses.at(-1)).toMatchObject({ status: 'in_progress' });
    expect(session.violations).toEqual([]);
  });

  it('is refused for a call that was never made', async () => {
    const { client, session } = await openSession(openai);

    client.send({ type: 'conversation.item.create', event_id: 'ev_1', item: outputOf('call_unknown') });
    const { error } = await client.until('error');

    expect(error).toMatchObject({ code: 'invalid_tool_call_id', param: 'item.call_id', event_id: 'ev_1' });
    expect(session.items).toEqual([]);
  });

  it('is taken a second time, and noted as a violation', async () => {
    const { client, session } = await openSession(
      openai,
      { turns: [{ functionCall: LOOK_UP, ...FAST }] },
      { tools: [TOOL] },
    );
    const callId = await callIdOf(client);

    await client.create(outputOf(callId));
    await client.create(outputOf(callId));

    expect(session.items.map(({ type }) => type)).toEqual([
      'function_call',
      'function_call_output',
      'function_call_output',
    ]);
    expect(session.violations).toEqual([`repeated_tool_output: Tool call ID '${callId}' already has an output.`]);
    expect(client.all('error')).toEqual([]);
  });
});

describe('a message', () => {
  it.each(['user', 'system'])(
    'in the name of the %s is added to the conversation and answered by nobody',
    async (role) => {
      const { client, session } = await openSession(openai, { otherwise: { say: [sayTone(40)], ...FAST } });
      const message = { type: 'message', role, content: [{ type: 'input_text', text: 'I pressed 1.' }] };

      const { item } = await client.create(message);
      await client.update({});

      expect(item).toMatchObject({ ...message, status: 'completed' });
      expect(session.items).toMatchObject([{ role, text: 'I pressed 1.', isAudio: false }]);
      expect(session.responses).toEqual([]);
    },
  );
});

describe('a request for a response', () => {
  it('may leave the whole conversation out', async () => {
    const { client } = await openSession(openai, { otherwise: { say: [sayTone(40)], ...FAST } }, { instructions: '' });
    await client.create({ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'x'.repeat(4000) }] });

    client.ask({ input: [] });
    const { response: alone } = await client.until('response.done');
    client.ask();
    const { response: inContext } = await client.until('response.done');

    expect(alone.status).toBe('completed');
    expect(alone.usage.input_tokens).toBeLessThan(10);
    expect(inContext.usage.input_tokens).toBeGreaterThan(1000);
  });

  it('is on record with who asked for it, in which words, and what became of it', async () => {
    const turns = [
      { say: [sayTone(40)], ...FAST },
      { say: [sayTone(20_000)], thinkMs: 0 },
    ];
    const { client, session } = await openSession(openai, { turns }, { instructions: 'Be kind.' });

    client.ask({ instructions: 'Greet.', metadata: { request: 'r1' } });
    const { response: first } = await client.until('response.done');
    client.ask();
    const { response: second } = await client.until('response.created');
    const whileActive = session.responses.map(({ status }) => status);
    client.send({ type: 'response.cancel' });
    await client.until('response.done');

    expect(whileActive).toEqual(['completed', 'in_progress']);
    expect(session.responses).toEqual([
      { id: first.id, requestedBy: 'client', instructions: 'Greet.', metadata: { request: 'r1' }, status: 'completed' },
      { id: second.id, requestedBy: 'client', metadata: null, status: 'cancelled' },
    ]);
    expect(session.instructions).toBe('Be kind.');
  });

  it('is not on record when it is refused', async () => {
    const { client, session } = await openSession(openai, { otherwise: { say: [sayTone(20_000)] } });
    client.ask();
    await client.until('response.created');

    client.ask();
    const { error } = await client.until('error');

    expect(error.code).toBe('conversation_already_has_active_response');
    expect(session.responses).toHaveLength(1);
  });
});
