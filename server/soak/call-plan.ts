// What happens in one call of the soak: who talks for how long, what goes wrong, what is asked of it by REST.

import type { AiScript, AiTurn } from '../src/simulator/simulated-openai/ai-script';
import type { PhoneScript, PhoneStep } from '../src/simulator/simulated-telnyx/phone-script';
import { type Fault, FAULT_NAMES, type FaultName, FAULTS } from './faults';
import type { Random } from './random';

// Nobody's numbers, and enough of them that no two live calls share one.
const FIRST_NUMBER = 12_025_550_200;
const NUMBERS = 9_000;

// One call in three is an ordinary one: faults have to leave it alone.
const ORDINARY_SHARE = 3;

const COMMAND_KINDS = [
  'say',
  'interrupt',
  'hangup',
  'dtmf',
  'instructions',
  'look',
  'look at events',
  'look at transcript',
  'list',
] as const;

/** What is asked by REST of a call that lives. */
export type CommandKind = (typeof COMMAND_KINDS)[number];

/** A request to the server, so long after the call was placed. */
export type Command = { readonly kind: CommandKind; readonly afterMs: number };

/** A call of the soak. */
export type CallPlan = {
  readonly index: number;
  readonly to: string;
  readonly faultName: FaultName;
  readonly fault: Fault;
  readonly phone: PhoneScript;
  readonly commands: readonly Command[];
  /** From the answer to what happens to the leg. */
  readonly strikeAfterMs: number;
  /** The AI's side of the call's first session, second session and so on. */
  readonly aiScript: (sessionOfCall: number) => AiScript;
};

/** In the instructions of a call, in everything that is said in it, and in those of no other. */
export function markOf(index: number): string {
  return `Soak ${index}.`;
}

/** Plans a call. */
export function planCall(index: number, random: Random): CallPlan {
  const faultName = random.oneIn(ORDINARY_SHARE) ? 'none' : random.pick(FAULT_NAMES);
  const fault: Fault = FAULTS[faultName];
  const rounds = random.between(1, 4);
  return {
    index,
    to: `+${FIRST_NUMBER + (index % NUMBERS)}`,
    faultName,
    fault,
    phone: { ringMs: random.between(50, 1_500), steps: phoneSteps(rounds, fault.step, random), ...fault.phone },
    commands: Array.from({ length: random.between(0, 3) }, () => command(random)),
    strikeAfterMs: random.between(100, 6_000),
    aiScript: aiScripts(index, fault, random),
  };
}

function phoneSteps(rounds: number, fault: PhoneStep | undefined, random: Random): readonly PhoneStep[] {
  const steps = Array.from({ length: rounds }, (): PhoneStep[] => [
    { do: 'wait-for-speech', timeoutMs: 6_000 },
    // Every other time the callee cuts in.
    ...(random.oneIn(2) ? [{ do: 'wait-for-silence', silenceMs: 700, timeoutMs: 8_000 } as const] : []),
    { do: 'tone', hz: random.between(300, 900), ms: random.between(400, 1_500) },
    { do: 'wait', ms: random.between(600, 2_000) },
  ]);
  const middle = Math.floor(steps.length / 2);
  if (fault) steps.splice(middle, 0, [fault]);
  return [...steps.flat(), { do: 'hang-up' }];
}

function command(random: Random): Command {
  return { kind: random.pick(COMMAND_KINDS), afterMs: random.between(50, 9_000) };
}

function aiScripts(index: number, fault: Fault, random: Random): CallPlan['aiScript'] {
  const turn = (number: number, ms: number): AiTurn => ({
    say: [{ toneHz: 500, ms, text: `${markOf(index)} Sentence ${number}.` }],
    speedup: random.pick([2, 8, 20]),
  });
  const turns = Array.from({ length: 6 }, (_, number) => turn(number, random.between(600, 4_000)));
  const broken = turns.map((one, number) => (number === 1 ? { ...one, ...fault.turn } : one));
  const common: AiScript = {
    otherwise: turn(99, 1_000),
    exact: { toneHz: 440, msPerCharacter: 20 },
    hears: turns.map((_, number) => `${markOf(index)} Question ${number}.`),
  };
  return (sessionOfCall) => ({ ...common, turns: sessionOfCall === 0 ? broken : turns.slice(1) });
}
