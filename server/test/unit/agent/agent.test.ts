// The parts of an agent together on one line: what each does is tested beside it, here that they do not collide.

import { ASK_STILL_THERE, LEAVE_SILENT_CALLEE, OPEN_CONVERSATION, TIME_IS_UP } from '../../../src/agent/directives';
import { FakeCarrierStream } from '../../support/fakes';
import { settle } from '../../support/manual-clock';
import { AgentRig, slowTool } from './agent-rig';

const TO = '+12025550177';
const SILENCE_MS = 10_000;
const TYPING_GAP_MS = 2_000;
/** From the last word to the end of the call, and a little more. */
const AFTER_GOODBYE_MS = 310;
const TARGETS = [{ name: 'Sales', to: TO }];
const SAY_NOW = { sayId: 'say-1', text: 'One moment.', timing: 'now', isProtected: false } as const;

describe('the line', () => {
  test('is opened, joined, instructed, silenced and closed as the call says', () => {
    const { agent, line } = new AgentRig();
    const stream = new FakeCarrierStream();

    agent.open();
    agent.attach(stream);
    agent.setInstructions('Be brief.');
    agent.interrupt();
    agent.close();

    expect(line.commands).toEqual([
      { type: 'open' },
      { type: 'attach', stream },
      { type: 'set-instructions', instructions: 'Be brief.' },
      { type: 'interrupt', by: 'api' },
      { type: 'close' },
    ]);
    expect([agent.closed, agent.isStreaming]).toEqual([true, false]);
  });

  test('has the tools of the call: built-in ones and the user’s', () => {
    const { tool } = slowTool();
    const behaviour = { builtInTools: ['end_call', 'transfer_call'], transferTargets: TARGETS } as const;

    const { declarations } = new AgentRig({ behaviour, ownTools: [tool] });

    expect(declarations.map(({ name }) => name)).toEqual(['end_call', 'transfer_call', 'look_up']);
  });

  test('has its events passed on to the call', () => {
    const { agent, controls } = new AgentRig();

    agent.onEvent({ type: 'machine.detected', result: 'human' });

    expect(controls.events).toEqual([{ type: 'machine.detected', result: 'human' }]);
  });

  test.each([
    ['greet', 1],
    ['wait-for-hello', 0],
    ['silent', 0],
  ] as const)('tells of its first words as a greeting when it opens with one: %s', (opening, times) => {
    const { agent, controls } = new AgentRig({ behaviour: { opening } });

    agent.onEvent({ type: 'greeting.started', afterStreamMs: 12 });

    expect(controls.of('greeting.started')).toHaveLength(times);
  });
});

describe('silence', () => {
  test('is asked about, and then taken leave of', async () => {
    const rig = new AgentRig().connect();

    rig.clock.advance(SILENCE_MS);
    expect(rig.said).toEqual([ASK_STILL_THERE]);
    rig.aiSpeaks();
    rig.clock.advance(SILENCE_MS);
    expect(rig.said).toEqual([ASK_STILL_THERE, LEAVE_SILENT_CALLEE]);
    await rig.settleSpeech('heard');
    await rig.settleSpeech('heard');
    await rig.clock.advanceAsync(AFTER_GOODBYE_MS);

    expect(rig.ends).toEqual(['callee-silent']);
    const steps = rig.controls.of('silence.noticed').map(({ step, silentMs }) => [step, silentMs]);
    expect(steps).toEqual([
      ['nudge', SILENCE_MS],
      ['goodbye', SILENCE_MS],
    ]);
  });

  test('is not noticed while either side speaks', () => {
    const rig = new AgentRig().connect();

    rig.startAi();
    rig.clock.advance(5 * SILENCE_MS);
    rig.startCallee();
    rig.stopAi();
    rig.clock.advance(5 * SILENCE_MS);

    expect(rig.said).toEqual([]);
  });

  test('is in order while a tool runs, and counts again when it is through', async () => {
    const { tool, result } = slowTool();
    const rig = new AgentRig({ ownTools: [tool] }).connect();
    await rig.useTool('look_up');

    await rig.clock.advanceAsync(5 * SILENCE_MS);
    expect(rig.said).toEqual([]);
    result.resolve('found');
    await settle();
    await rig.clock.advanceAsync(SILENCE_MS);

    expect(rig.controls.of('silence.noticed')).toHaveLength(1);
  });

  test.each<[string, (rig: AgentRig) => unknown]>([
    ['the API', (rig) => rig.agent.interrupt()],
    ['something else to be said', (rig) => rig.agent.say(SAY_NOW)],
  ])('is noticed again after a goodbye that was cut off by %s', async (_, act) => {
    const rig = new AgentRig().connect();
    await rig.clock.advanceAsync(2 * SILENCE_MS);
    expect(rig.said).toEqual([ASK_STILL_THERE, LEAVE_SILENT_CALLEE]);
    await rig.settleSpeech('heard');
    rig.startAi();

    act(rig);
    rig.stopAi();
    await rig.settleSpeech('interrupted');
    await rig.clock.advanceAsync(2 * SILENCE_MS);

    const steps = rig.controls.of('silence.noticed').map(({ step }) => step);
    expect(steps).toEqual(['nudge', 'goodbye', 'nudge', 'goodbye']);
    expect(rig.ends).toEqual([]);
  });

  test('is not taken leave of while a goodbye is being said already', async () => {
    const rig = new AgentRig().connect();
    await rig.useTool('end_call');

    await rig.clock.advanceAsync(2 * SILENCE_MS);

    expect(rig.said).toEqual([]);
  });
});

describe('the maximum duration', () => {
  test('is announced, and ends with a goodbye that is heard', async () => {
    const rig = new AgentRig({ behaviour: { silenceNudgeSeconds: 0 }, call: { maxDurationSeconds: 60 } }).connect();

    rig.clock.advance(45_000);
    expect(rig.said).toEqual([expect.stringContaining('15 seconds')]);
    rig.clock.advance(9_000);
    expect(rig.said.at(-1)).toBe(TIME_IS_UP);
    await rig.settleSpeech('heard');
    await rig.settleSpeech('heard');
    await rig.clock.advanceAsync(AFTER_GOODBYE_MS);

    expect(rig.ends).toEqual(['max-duration-reached']);
    const steps = rig.controls.of('time.ending').map(({ step, remainingMs }) => [step, remainingMs]);
    expect(steps).toEqual([
      ['warning', 15_000],
      ['goodbye', 6_000],
    ]);
  });

  test('is not announced into a goodbye', async () => {
    const rig = new AgentRig({ call: { maxDurationSeconds: 60 } }).connect();
    await rig.clock.advanceAsync(SILENCE_MS);
    await rig.clock.advanceAsync(30_000);
    const before = rig.said.length;
    await rig.useTool('end_call');

    await rig.clock.advanceAsync(5_000);

    expect(rig.said).toHaveLength(before);
  });
});

describe('keys', () => {
  test('silence the AI at once, and become a message and an answer when the callee pauses', () => {
    const rig = new AgentRig().connect();
    rig.startAi();

    rig.agent.onDigit('1');
    expect(rig.line.of('interrupt')).toEqual([{ type: 'interrupt', by: 'callee' }]);
    rig.agent.onDigit('2');
    rig.clock.advance(TYPING_GAP_MS);

    expect(rig.controls.of('dtmf.received')).toEqual([{ type: 'dtmf.received', digits: '12' }]);
    const [told] = rig.line.of('tell');
    expect(told).toMatchObject({ role: 'user', text: expect.stringContaining('1 2') as string });
    expect(rig.line.spoken).toEqual([{ content: { kind: 'answer' }, mayUseTools: true, isMootWhenAnswered: true }]);
  });

  test('that the stream and the carrier report are told once', () => {
    const rig = new AgentRig().connect();

    rig.agent.onDigit('7');
    rig.agent.onCarrierDigit('7');
    rig.clock.advance(TYPING_GAP_MS);

    expect(rig.controls.of('dtmf.received')).toEqual([{ type: 'dtmf.received', digits: '7' }]);
  });

  test('show that the callee is there', () => {
    const rig = new AgentRig().connect();
    rig.clock.advance(SILENCE_MS - 1);

    rig.agent.onDigit('1');
    rig.clock.advance(TYPING_GAP_MS);

    expect(rig.controls.of('silence.noticed')).toEqual([]);
  });

  test('answer the question whether the callee is there: the next silence is asked about again', () => {
    const rig = new AgentRig().connect();
    rig.clock.advance(SILENCE_MS);
    rig.aiSpeaks();

    rig.agent.onDigit('1');
    rig.clock.advance(TYPING_GAP_MS);
    rig.aiSpeaks();
    rig.clock.advance(SILENCE_MS);

    expect(rig.controls.of('silence.noticed').map(({ step }) => step)).toEqual(['nudge', 'nudge']);
  });

  test('keep a call whose goodbye is said, as a word does', async () => {
    const rig = new AgentRig().connect();
    await rig.useTool('end_call');

    rig.agent.onDigit('1');

    expect(rig.line.of('interrupt')).toEqual([{ type: 'interrupt', by: 'callee' }]);
  });
});

describe('a machine that answers', () => {
  const machine = { kind: 'detected', result: 'machine' } as const;
  const behaviour = { answeringMachine: 'leave-message', voicemailMessage: 'Please call back.' } as const;

  test('hears the message and nothing else from then on', async () => {
    const rig = new AgentRig({ behaviour, call: { maxDurationSeconds: 60 } }).connect();

    rig.agent.onMachine(machine);
    rig.agent.onMachine({ kind: 'greeting-ended', hasBeep: true });
    rig.agent.onDigit('1');
    await rig.useTool('remaining_time');
    await rig.clock.advanceAsync(59_000);

    expect(rig.said).toEqual(['Please call back.']);
    expect(rig.line.of('take-turns').at(-1)?.by).toBe('listen');
    expect([rig.answers, rig.line.of('tell')]).toEqual([[], []]);
    await rig.settleSpeech('heard');
    await rig.clock.advanceAsync(1_000);
    expect(rig.ends).toEqual(['voicemail-left']);
  });

  test('stops the greeting, the tools and what waits to be said', async () => {
    const { tool, result } = slowTool();
    const rig = new AgentRig({ behaviour: { ...behaviour, opening: 'greet' }, ownTools: [tool] }).connect();
    rig.startAi();
    await rig.useTool('look_up');
    rig.agent.say({ sayId: 'say-1', text: 'One moment.', timing: 'next-pause', isProtected: false });

    rig.agent.onMachine(machine);
    result.resolve('found');
    await settle();
    rig.stopAi();

    expect(rig.line.of('interrupt')).toEqual([{ type: 'interrupt', by: 'api' }]);
    expect(rig.said).toEqual([OPEN_CONVERSATION]);
    expect(rig.controls.of('say.finished')).toMatchObject([{ sayId: 'say-1', outcome: 'unspoken' }]);
    expect(rig.answers).toEqual([]);
  });

  test('is not taken leave of by a model that was about to hang up', async () => {
    const rig = new AgentRig({ behaviour }).connect();
    const responseId = await rig.useTool('end_call');

    rig.agent.onMachine(machine);
    await rig.finishResponse(responseId, 'unspoken');

    expect(rig.said).toEqual([]);
  });

  test('has no orders spoken to it, and is not transferred', async () => {
    const rig = new AgentRig({ behaviour }).connect();
    rig.agent.onMachine(machine);

    const request = { sayId: 'say-1', text: 'One moment.', timing: 'now', isProtected: false } as const;
    expect(rig.agent.say(request)).toBe('ending');
    expect(rig.agent.transfer({ to: TO })).toBe('ending');
    await settle();

    expect(rig.said).toEqual([]);
    expect(rig.controls.transfers).toEqual([]);
  });

  test('is hung up on when the call has it so', () => {
    const rig = new AgentRig({ behaviour: { answeringMachine: 'hang-up' } }).connect();

    rig.agent.onMachine(machine);

    expect(rig.ends).toEqual(['machine-answered']);
  });
});

describe('what the API wants to be said', () => {
  test('waits for a pause of both sides', () => {
    const rig = new AgentRig().connect();
    rig.startAi();
    rig.agent.say({ sayId: 'say-1', text: 'One moment.', timing: 'next-pause', isProtected: true });
    rig.startCallee();
    rig.stopAi();
    expect(rig.said).toEqual([]);

    rig.stopCallee();

    expect(rig.line.spoken).toEqual([{ content: { kind: 'words', words: 'One moment.' }, isProtected: true }]);
  });

  test('is refused when too much waits, unless it is to be said now', () => {
    const rig = new AgentRig().connect();
    rig.startAi();
    const request = { sayId: 'say-1', text: 'One moment.', timing: 'next-pause', isProtected: false } as const;

    const taken = Array.from({ length: 21 }, () => rig.agent.say(request));

    expect(taken).toEqual([...Array.from({ length: 20 }, () => undefined), 'busy']);
    expect(rig.agent.say({ ...request, timing: 'now' })).toBeUndefined();
  });
});

describe('a model that hangs up', () => {
  test('has its goodbye heard, and the tool is on record before the call ends', async () => {
    const rig = new AgentRig().connect();
    const order: string[] = [];
    rig.controls.onEnd = () => order.push(...rig.controls.events.map(({ type }) => type), 'end');
    const responseId = await rig.useTool('end_call');

    await rig.finishResponse(responseId, 'heard');
    await rig.clock.advanceAsync(AFTER_GOODBYE_MS);

    expect(order).toEqual(['tool.finished', 'end']);
    expect(rig.ends).toEqual(['ai-hung-up']);
  });

  test('learns that the callee cut in, and the call goes on', async () => {
    const rig = new AgentRig().connect();
    const responseId = await rig.useTool('end_call');

    rig.startCallee();
    await rig.finishResponse(responseId, 'interrupted');
    rig.stopCallee();
    await rig.clock.advanceAsync(AFTER_GOODBYE_MS);

    expect(rig.answers).toEqual([expect.stringContaining('goes on')]);
    expect([rig.ends, rig.said]).toEqual([[], []]);
  });
});

describe('the close', () => {
  test('stops everything that is under way, and no timer is left', async () => {
    const { tool } = slowTool();
    const behaviour = { answeringMachine: 'leave-message', transferTargets: TARGETS } as const;
    const rig = new AgentRig({ behaviour, ownTools: [tool] }).connect();
    for (const name of ['look_up', 'end_call', 'remaining_time']) await rig.useTool(name);
    rig.agent.transfer({ to: TO });
    rig.agent.onDigit('1');
    rig.agent.say({ sayId: 'say-1', text: 'One moment.', timing: 'now', isProtected: false });

    rig.agent.close();
    rig.agent.close();
    await settle();

    expect(rig.clock.pendingTimers).toBe(0);
    expect(rig.line.of('close')).toHaveLength(1);
    expect([rig.ends, rig.controls.transfers]).toEqual([[], []]);
  });

  test.each([1_000, 12_000, 52_000])('after %d ms of silence leaves no timer', async (afterMs) => {
    const rig = new AgentRig({ behaviour: { opening: 'wait-for-hello' }, call: { maxDurationSeconds: 60 } }).connect();
    await rig.clock.advanceAsync(afterMs);

    rig.agent.close();
    await settle();

    expect(rig.clock.pendingTimers).toBe(0);
  });

  test('stops the dealing with a machine', async () => {
    const rig = new AgentRig({ behaviour: { answeringMachine: 'leave-message' } }).connect();
    rig.agent.onMachine({ kind: 'detected', result: 'machine' });

    rig.agent.close();
    await rig.clock.advanceAsync(100_000);

    expect(rig.clock.pendingTimers).toBe(0);
    expect([rig.ends, rig.said]).toEqual([[], []]);
  });
});
