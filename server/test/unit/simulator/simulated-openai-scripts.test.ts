/** What the simulated OpenAI's scripts can say: which turn answers whom, exact words, tool calls, late deltas. */
import fc from 'fast-check';
import { exactWords } from '../../../src/simulator/simulated-openai/script-reader';
import { SimulatedOpenai } from '../../../src/simulator/simulated-openai/simulated-openai';
import { FAST, openSession, sayTone, silence, speech, type Client } from './simulated-openai-harness';

let openai: SimulatedOpenai;

beforeEach(async () => {
  openai = await SimulatedOpenai.start();
});

afterEach(() => openai.close());

const TOOLS = ['look_up', 'end_call'].map((name) => ({ type: 'function', name, parameters: { type: 'object' } }));
const LOOK_UP = { name: 'look_up', arguments: '{"day":"Monday"}' };
const END_CALL = { name: 'end_call', arguments: '{}' };

function say(text: string): { readonly say: ReturnType<typeof sayTone>[] } & typeof FAST {
  return { say: [sayTone(40, text)], ...FAST };
}

function exactly(words: string): { readonly instructions: string } {
  return { instructions: `Say exactly the following words and nothing else: ${JSON.stringify(words)}` };
}

/** Asks for a response and returns what is said in it; undefined when nothing is. */
async function answerTo(client: Client, response: object = {}): Promise<unknown> {
  const before = client.all('response.output_audio_transcript.done').length;
  client.ask(response);
  await client.until('response.done');
  return client.all('response.output_audio_transcript.done')[before]?.['transcript'];
}

/** The callee says something, and the AI what turn detection makes it say. */
async function speakAndListen(client: Client): Promise<unknown> {
  client.append(speech(200));
  client.append(silence(400));
  const { transcript } = await client.until('response.output_audio_transcript.done');
  await client.until('response.done');
  return transcript;
}

describe('an order to say exact words', () => {
  const script = { exact: { toneHz: 500, msPerCharacter: 20 }, turns: [say('First.'), say('Second.')] };

  it('is answered with these words, for as long as they take', async () => {
    const { client, session } = await openSession(openai, script);

    const words = await answerTo(client, { ...exactly('Good "morning".'), input: [], tool_choice: 'none' });

    expect(words).toBe('Good "morning".');
    expect(Buffer.concat(client.audio())).toHaveLength(15 * 20 * 48);
    expect(session.items).toMatchObject([{ role: 'assistant', text: 'Good "morning".', audioMs: 300 }]);
  });

  it('takes no turn of the script', async () => {
    const { client } = await openSession(openai, { ...script, asked: [say('Asked.')] });

    const heard = [
      await answerTo(client, exactly('Hello.')),
      await answerTo(client),
      await answerTo(client, exactly('Bye.')),
      await answerTo(client),
    ];

    expect(heard).toEqual(['Hello.', 'Asked.', 'Bye.', 'First.']);
  });

  it('is an order like any other for a script that cannot recite', async () => {
    const { client } = await openSession(openai, { turns: script.turns });

    await expect(answerTo(client, exactly('Hello.'))).resolves.toBe('First.');
  });

  it('with no words at all is answered with nothing', async () => {
    const { client } = await openSession(openai, script);

    client.ask(exactly(''));
    const { response } = await client.until('response.done');

    expect(response).toMatchObject({ status: 'completed', output: [] });
  });

  it('is understood whatever the words are and whatever comes before it', () => {
    const personas = ['', 'You are Ann.\n\n', 'Be exactly on time. ', 'Call it exactly "the office", always. '];

    fc.assert(
      fc.property(fc.constantFrom(...personas), fc.string({ unit: 'binary' }), (persona, words) => {
        expect(exactWords(`${persona}${exactly(words).instructions}`)).toBe(words);
      }),
    );
  });

  it.each(['', 'Say hello.', 'Say "hello".', 'Be exactly on time.', "Say exactly: 'hello'.", 'Say exactly "hello'])(
    'is not seen in %j',
    (instructions) => {
      expect(exactWords(instructions)).toBeUndefined();
    },
  );
});

describe('turns for what the client asks for', () => {
  const script = { asked: [say('Asked 1.'), say('Asked 2.')], turns: [say('Turn 1.')], otherwise: say('Otherwise.') };

  it('are not taken by an answer to the callee', async () => {
    const { client, session } = await openSession(openai, script);

    const heard = [await answerTo(client), await speakAndListen(client), await answerTo(client)];

    expect(heard).toEqual(['Asked 1.', 'Turn 1.', 'Asked 2.']);
    expect(session.responses.map(({ requestedBy }) => requestedBy)).toEqual(['client', 'vad', 'client']);
  });

  it('are followed by the common ones', async () => {
    const { client } = await openSession(openai, script);

    const heard = [
      await answerTo(client),
      await answerTo(client),
      await answerTo(client),
      await speakAndListen(client),
    ];

    expect(heard).toEqual(['Asked 1.', 'Asked 2.', 'Turn 1.', 'Otherwise.']);
  });
});

describe('tool calls', () => {
  it('may be several in one response, each with an id of its own', async () => {
    const turn = { ...say('Let me see.'), functionCall: END_CALL, functionCalls: [LOOK_UP, LOOK_UP] };
    const { client } = await openSession(openai, { turns: [turn] }, { tools: TOOLS });

    client.ask();
    const { response } = await client.until('response.done');

    const calls = client.all('response.function_call_arguments.done');
    expect(response.output).toMatchObject([{ type: 'message' }, END_CALL, LOOK_UP, LOOK_UP]);
    expect(calls.map((call) => call['output_index'])).toEqual([1, 2, 3]);
    expect(new Set(calls.map((call) => call['call_id'])).size).toBe(3);
  });

  it('may come before the speech', async () => {
    const turn = { say: [sayTone(100), sayTone(100)], callsFirst: true, functionCalls: [LOOK_UP], ...FAST } as const;
    const { client } = await openSession(openai, { turns: [turn] }, { tools: TOOLS });

    client.ask();
    const { response } = await client.until('response.done');

    const added = client.all('response.output_item.added');
    expect(response.output).toMatchObject([{ ...LOOK_UP, status: 'completed' }, {}, {}]);
    expect(added.map((event) => event['output_index'])).toEqual([0, 1, 2]);
    expect(client.types().indexOf('response.function_call_arguments.done')).toBeLessThan(
      client.types().indexOf('response.output_audio.delta'),
    );
  });

  it('that are cut off leave an incomplete item in an incomplete response', async () => {
    const cutOff = { name: 'look_up', arguments: '{"day":"Mo', incomplete: true } as const;
    const { client } = await openSession(openai, { turns: [{ functionCall: cutOff, ...FAST }] }, { tools: TOOLS });

    client.ask();
    const { item } = await client.until('response.output_item.done');
    const { response } = await client.until('response.done');

    expect(item).toMatchObject({ type: 'function_call', status: 'incomplete', arguments: '{"day":"Mo' });
    expect(response).toMatchObject({ status: 'incomplete', status_details: { reason: 'max_output_tokens' } });
  });

  it.each([
    ['none is allowed', { tool_choice: 'none' }, []],
    ['another one is demanded', { tool_choice: { type: 'function', name: 'end_call' } }, [END_CALL]],
    ['the response has tools of its own', { tools: TOOLS.slice(0, 1) }, [LOOK_UP]],
    ['the response has no tools', { tools: [] }, []],
    ['one is required', { tool_choice: 'required' }, [LOOK_UP, END_CALL]],
  ])('are made as the response allows: %s', async (_, response, made) => {
    const turns = [{ functionCalls: [LOOK_UP, END_CALL], ...FAST }];
    const { client } = await openSession(openai, { turns }, { tools: TOOLS });

    client.ask(response);
    const done = await client.until('response.done');

    expect(done.response.output).toHaveLength(made.length);
    expect(done.response.output).toMatchObject(made);
  });
});

it('deltas that were under way when the callee began to speak still arrive, and then the end', async () => {
  const late = { say: [sayTone(20_000)], thinkMs: 0, deltaLagMs: 150 };
  const { client, session } = await openSession(openai, { asked: [late], turns: [say('Answer.')] });
  client.ask();
  await client.until('response.output_audio.delta');

  client.append(speech(200));
  client.append(silence(400));
  const { response: cut } = await client.until('response.done');
  const { transcript } = await client.until('response.output_audio_transcript.done');
  await client.until('response.done');

  const events = client.types();
  const started = events.indexOf('input_audio_buffer.speech_started');
  const lateDeltas = events
    .slice(started, events.indexOf('response.done'))
    .filter((type) => type.endsWith('audio.delta'));
  expect(lateDeltas.length).toBeGreaterThan(0);
  expect(events.indexOf('input_audio_buffer.speech_stopped')).toBeLessThan(events.indexOf('response.done'));
  expect(cut).toMatchObject({ status: 'cancelled', status_details: { reason: 'turn_detected' } });
  expect(transcript).toBe('Answer.');
  expect(session.responses).toMatchObject([{ status: 'cancelled' }, { requestedBy: 'vad', status: 'completed' }]);
  expect(client.all('error')).toEqual([]);
});
