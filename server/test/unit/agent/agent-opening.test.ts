// The opening of a conversation together with what may come before it: a key, an order, a tool.

import { ANSWER_HELLO, OPEN_CONVERSATION } from '../../../src/agent/directives';
import { settle } from '../../support/manual-clock';
import { AgentRig, slowTool } from './agent-rig';

const TYPING_GAP_MS = 2_000;
/** How long the AI waits for a hello: a little longer than for the next key. */
const HELLO_MS = TYPING_GAP_MS + 100;
const SAY_NOW = { sayId: 'say-1', text: 'One moment.', timing: 'now', isProtected: false } as const;

describe('the opening', () => {
  test('is spoken with the words of the call as soon as the AI can', () => {
    const rig = new AgentRig({ behaviour: { opening: 'greet' }, call: { greeting: 'Good morning.' } });

    rig.connect();

    expect(rig.said).toEqual(['Good morning.']);
  });

  test('waits for the hello: the AI only listens until it is heard itself', () => {
    const rig = new AgentRig({ behaviour: { opening: 'wait-for-hello' } });
    rig.connect();
    expect(rig.said).toEqual([]);
    expect(rig.line.of('take-turns').at(-1)?.by).toBe('listen');

    rig.clock.advance(2_500);
    expect(rig.said).toEqual([OPEN_CONVERSATION]);
    rig.startAi();

    expect(rig.line.of('take-turns').at(-1)?.by).toBe('server');
  });

  test.each<[string, (rig: AgentRig) => void]>([
    ['a key', (rig) => rig.agent.onDigit('1')],
    ['an order to say something', (rig) => rig.agent.say(SAY_NOW)],
  ])('comes once: %s before the hello opens the conversation', (_, act) => {
    const rig = new AgentRig({ behaviour: { opening: 'wait-for-hello', helloTimeoutMs: 60_000 } }).connect();
    act(rig);
    rig.clock.advance(TYPING_GAP_MS);
    expect(rig.said).toHaveLength(1);

    rig.aiSpeaks();
    rig.startCallee();
    rig.stopCallee();
    rig.clock.advance(60_000);

    expect(rig.line.of('take-turns').at(-1)?.by).toBe('server');
    expect(rig.said).not.toContain(ANSWER_HELLO);
    expect(rig.said).not.toContain(OPEN_CONVERSATION);
  });

  test.each<[string, (rig: AgentRig) => void]>([
    ['the answer to a key', (rig) => rig.agent.onDigit('1')],
    ['what was ordered', (rig) => rig.agent.say(SAY_NOW)],
  ])('comes once: %s is about to be heard when the wait for the hello is over', (_, act) => {
    const rig = new AgentRig({ behaviour: { opening: 'wait-for-hello', helloTimeoutMs: HELLO_MS } }).connect();
    act(rig);
    rig.clock.advance(TYPING_GAP_MS);
    expect(rig.said).toHaveLength(1);
    rig.line.isAiSpeaking = true;

    rig.clock.advance(HELLO_MS);
    rig.aiSpeaks();

    expect(rig.said).not.toContain(OPEN_CONVERSATION);
  });

  test('that ends while a tool has the callee wait leaves the AI listening until the tool is through', async () => {
    const { tool, result } = slowTool();
    const rig = new AgentRig({ behaviour: { opening: 'wait-for-hello' }, ownTools: [tool] });
    rig.connect();
    rig.startCallee();
    rig.stopCallee();
    await rig.useTool('look_up');

    rig.startAi();
    expect(rig.line.of('take-turns').at(-1)?.by).toBe('listen');
    result.resolve('found');
    await settle();

    expect(rig.line.of('take-turns').at(-1)?.by).toBe('server');
  });
});
