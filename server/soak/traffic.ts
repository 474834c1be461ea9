// Calls that come and go: so many lanes, each placing one call after the other, doing to it what its plan says and
// waiting for its record to be final.

import { setTimeout as wait } from 'node:timers/promises';
import type { SimulatedLeg } from '../src/simulator/simulated-telnyx/simulated-leg';
import { type Answer, ask } from './api';
import { type CallPlan, type Command, markOf, planCall } from './call-plan';
import type { Simulators } from './faults';
import type { Random } from './random';
import { WebhookTroubles } from './webhook-troubles';

const FINAL_STATUSES: ReadonlySet<unknown> = new Set(['completed', 'busy', 'failed', 'no-answer', 'canceled']);

// Longer than the longest chain of deadlines: ringing for 45 s, its grace of 15 s, a hang-up that needs many tries.
const FINAL_LIMIT_MS = 180_000;
const POLL_MS = 500;
// New calls are refused while the server drains or its account has trouble.
const PLACE_LIMIT_MS = 90_000;
const PLACE_RETRY_MS = 500;
const ANSWER_LIMIT_MS = 20_000;

/** A call that was placed, and what it came to. */
export type PlacedCall = {
  readonly plan: CallPlan;
  readonly callId: string;
  /** The record when its leg is down, or as it is when the time is up; undefined when it has no final status by then. */
  readonly record: Readonly<Record<string, unknown>> | undefined;
};

/** What the traffic needs. */
export type TrafficOptions = {
  readonly url: string;
  readonly far: Simulators;
  readonly random: Random;
  readonly lanes: number;
};

/** The calls of a soak. */
export class Traffic {
  readonly calls: PlacedCall[] = [];
  /** Answers that no request should have had. */
  readonly oddAnswers: string[] = [];
  readonly #options: TrafficOptions;
  readonly #plans = new Map<number, CallPlan>();
  readonly #sessions = new Map<number, number>();
  readonly #webhooks: WebhookTroubles;
  #count = 0;
  #live = 0;

  constructor(options: TrafficOptions) {
    this.#options = options;
    const { telnyx, openai } = options.far;
    this.#webhooks = new WebhookTroubles(telnyx);
    openai.setScriptFor(({ instructions }) => this.#scriptFor(Number(/Soak (\d+)\./.exec(instructions)?.[1])));
  }

  /** Calls that are placed and not over. */
  get live(): number {
    return this.#live;
  }

  /** Places calls until the time is up; resolves when all of them are over. */
  async run(untilMs: number): Promise<void> {
    const lane = async (): Promise<void> => {
      await wait(this.#options.random.between(0, 2_000));
      while (performance.now() < untilMs) await this.#hold(planCall(this.#count++, this.#options.random));
    };
    await Promise.all(Array.from({ length: this.#options.lanes }, lane));
  }

  async #hold(plan: CallPlan): Promise<void> {
    const { telnyx } = this.#options.far;
    this.#plans.set(plan.index, plan);
    telnyx.script(plan.to, plan.phone);
    this.#webhooks.set(plan.to, plan.fault.webhooks);
    plan.fault.arm?.(this.#options.far);
    this.#live += 1;
    const callId = await this.#place(plan);
    if (callId !== undefined) {
      const strike = this.#strike(plan);
      await Promise.all(plan.commands.map((command) => this.#command(callId, command)));
      this.calls.push({ plan, callId, record: await this.#finalRecord(callId) });
      await strike;
    }
    this.#live -= 1;
    this.#plans.delete(plan.index);
  }

  /** An answer that was lost may have placed the call all the same: the key keeps it at one. */
  async #place(plan: CallPlan): Promise<string | undefined> {
    const body = { to: plan.to, instructions: markOf(plan.index), maxDurationSeconds: 60, silenceNudgeSeconds: 5 };
    const headers = { 'Idempotency-Key': `soak-${process.pid}-${plan.index}` };
    const deadlineMs = performance.now() + PLACE_LIMIT_MS;
    for (;;) {
      const answer = await ask(`${this.#options.url}/api/ai-calls/create`, { body, headers });
      if (answer?.status === 201) return String(answer.body['callId']);
      if (answer !== undefined && answer.status !== 503 && answer.status !== 429) this.#note('create', answer);
      if (performance.now() > deadlineMs) {
        this.oddAnswers.push(
          `create: not taken for ${PLACE_LIMIT_MS / 1_000} s, last ${answer?.status ?? 'no answer'}`,
        );
        return undefined;
      }
      await wait(PLACE_RETRY_MS);
    }
  }

  async #strike({ to, fault, strikeAfterMs }: CallPlan): Promise<void> {
    const { strike } = fault;
    if (strike === undefined) return;
    const struck = async (leg: SimulatedLeg): Promise<void> => {
      await leg.until('answered', ANSWER_LIMIT_MS);
      await wait(strikeAfterMs);
      strike(leg);
    };
    // A call that is over before it is answered has no leg to strike.
    await this.#options.far.telnyx
      .nextLeg({ to }, ANSWER_LIMIT_MS)
      .then(struck, () => undefined)
      .catch(() => undefined);
  }

  async #command(callId: string, { kind, afterMs }: Command): Promise<void> {
    await wait(afterMs);
    const call = `${this.#options.url}/api/ai-calls/${callId}`;
    const post = (name: string, body: object = {}): Promise<Answer> => ask(`${call}/${name}`, { body });
    const requests: Readonly<Record<Command['kind'], () => Promise<Answer>>> = {
      say: () => post('say', { text: 'A word from the office.' }),
      interrupt: () => post('interrupt'),
      hangup: () => post('hangup'),
      dtmf: () => post('dtmf', { digits: '12' }),
      instructions: () => post('instructions', { instructions: 'Be brief.', mode: 'append' }),
      look: () => ask(call),
      'look at events': () => ask(`${call}/events`),
      'look at transcript': () => ask(`${call}/transcript`),
      list: () => ask(`${this.#options.url}/api/ai-calls/status?limit=20&status=completed,in-progress`),
    };
    const answer = await requests[kind]();
    // 409: the call was not where the command makes sense. 502: the carrier was made to fail.
    if (answer !== undefined && answer.status >= 400 && ![409, 502, 503].includes(answer.status)) {
      this.#note(kind, answer);
    }
  }

  async #finalRecord(callId: string): Promise<PlacedCall['record']> {
    const deadlineMs = performance.now() + FINAL_LIMIT_MS;
    let record: PlacedCall['record'];
    while (!isDown(record) && performance.now() < deadlineMs) {
      await wait(POLL_MS);
      const answer = await ask(`${this.#options.url}/api/ai-calls/${callId}`);
      if (answer?.status === 200 && FINAL_STATUSES.has(answer.body['status'])) record = answer.body;
    }
    return record;
  }

  #scriptFor(index: number): ReturnType<CallPlan['aiScript']> | undefined {
    const plan = this.#plans.get(index);
    if (plan === undefined) return undefined;
    const sessionOfCall = this.#sessions.get(index) ?? 0;
    this.#sessions.set(index, sessionOfCall + 1);
    return plan.aiScript(sessionOfCall);
  }

  #note(what: string, answer: NonNullable<Answer>): void {
    this.oddAnswers.push(`${what}: ${answer.status} ${JSON.stringify(answer.body['code'] ?? null)}`);
  }
}

function isDown(record: PlacedCall['record']): boolean {
  const timeline = record?.['timeline'] as readonly { readonly type: string }[] | undefined;
  return timeline?.some(({ type }) => type === 'leg.down') === true;
}
