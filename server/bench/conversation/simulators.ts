// The process of the simulators: the phone network and the AI side by side, on one clock and away from the server. Places
// the calls that it is told to and ends with its parent.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type FarEndSettings, farEndSettings } from '../../src/simulator/far-end-settings';
import { SimulatedOpenai } from '../../src/simulator/simulated-openai/simulated-openai';
import { SimulatedTelnyx } from '../../src/simulator/simulated-telnyx/simulated-telnyx';
import { post } from '../load/api-client';
import { type CallPlan, callPlans } from './call-plans';
import { callRecord, type CallRecord } from './call-record';
import type { RunCommand, SimulatorsAnswer } from './simulators-protocol';

// +1 202 555 0100 to 0199 are nobody's, for fiction; the last one is the server's own. Each call has one for itself.
const FIRST_NUMBER = 12_025_550_100;
const SERVER_NUMBER = '+12025550199';

// The longest of the calls takes a third of it.
const CALL_LIMIT_MS = 60_000;

const LOOP_DELAY_RESOLUTION_MS = 1;
const NS_PER_MS = 1e6;

// A turn of the callee's is over sooner than in life, so that the calls are shorter.
const TURN_DETECTION = { type: 'server-vad', silenceMs: 200 } as const;

class Simulators {
  readonly #telnyx: SimulatedTelnyx;
  readonly #openai: SimulatedOpenai;

  constructor(telnyx: SimulatedTelnyx, openai: SimulatedOpenai) {
    this.#telnyx = telnyx;
    this.#openai = openai;
  }

  get settings(): FarEndSettings {
    return farEndSettings(this.#telnyx, this.#openai);
  }

  async run({ url, plans, concurrency }: RunCommand): Promise<SimulatorsAnswer> {
    const waiting = callPlans(plans);
    const byMark = new Map(waiting.map((plan) => [markOf(plan), plan]));
    this.#openai.setScriptFor(({ instructions }) => {
      const [, plan] = [...byMark].find(([mark]) => instructions.includes(mark)) ?? [];

      return plan && { turns: plan.kinds.map(({ turn }) => turn), otherwise: {} };
    });
    const loopDelay = monitorEventLoopDelay({ resolution: LOOP_DELAY_RESOLUTION_MS });
    loopDelay.enable();
    const records: CallRecord[] = [];
    const lane = async (): Promise<void> => {
      for (let plan = waiting.shift(); plan; plan = waiting.shift()) records.push(await this.#hold(plan, url));
    };
    await Promise.all(Array.from({ length: concurrency }, lane));
    loopDelay.disable();

    return {
      kind: 'done',
      records,
      loopDelayP99Ms: Math.max(loopDelay.percentile(99) / NS_PER_MS - LOOP_DELAY_RESOLUTION_MS, 0),
    };
  }

  /** One call from its creation to its end. */
  async #hold(plan: CallPlan, url: string): Promise<CallRecord> {
    const to = `+${FIRST_NUMBER + plan.index}`;
    this.#telnyx.script(to, plan.phone);
    await post(`${url}/api/ai-calls/create`, {
      to,
      instructions: markOf(plan),
      turnDetection: TURN_DETECTION,
      silenceNudgeSeconds: 0,
    });
    const leg = await this.#telnyx.nextLeg({ to });
    await leg.until('ended', CALL_LIMIT_MS);
    const sessions = this.#openai.sessions.filter(({ instructions }) => instructions.includes(markOf(plan)));
    const [session] = sessions;
    if (!session || sessions.length > 1) throw new Error(`Call ${plan.index} had ${sessions.length} AI sessions.`);

    return callRecord({ index: plan.index, networkDelayMs: plan.networkDelayMs }, leg, session);
  }
}

/** In the instructions of a call, and in those of no other. */
function markOf({ index }: CallPlan): string {
  return `Conversation bench, call ${index}.`;
}

function answer(message: SimulatorsAnswer): void {
  process.send?.(message);
}

function fail(error: unknown): void {
  answer({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
}

async function main(): Promise<void> {
  const simulators = new Simulators(
    await SimulatedTelnyx.start({ fromNumbers: [SERVER_NUMBER] }),
    await SimulatedOpenai.start(),
  );
  process.on('message', (command: RunCommand) => void simulators.run(command).then(answer, fail));
  answer({ kind: 'listening', settings: simulators.settings });
}

for (const end of ['disconnect', 'SIGTERM'] as const) process.on(end, () => process.exit());
main().catch(fail);
