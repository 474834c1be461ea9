// The calls of one run: opens them at a bounded rate, keeps them in real time, counts what arrived, and ends them.

import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { type Deferred, deferred } from '../../src/lib/deferred';
import { post } from './api-client';
import { deltaMessages } from './ai-leg';
import { MARK_PARAMETER } from './far-ends';
import type { ClosingFigures, FrameCounts, GeneratorCommand } from './generator-protocol';
import { type FrameMatcher, MeasuringWindow } from './latencies';
import { LoadCall } from './load-call';
import { Pacer } from './pacer';
import type { PhoneLeg } from './phone-leg';
import { callerFrames, deltaFrames, FRAME_BYTES } from './speech-frames';

/** How a batch is opened. */
export type BatchOptions = Extract<GeneratorCommand, { kind: 'open' }>;

type DueMark = { readonly phone: PhoneLeg; readonly name: string; readonly dueMs: number };

// From the arrival of a frame to the end of its sound, as a carrier without a queue would play it.
const MARK_ECHO_MS = 22;

// A call that takes longer to connect is not going to.
const CONNECT_LIMIT_MS = 15_000;

// What has not arrived this long after the last frame was sent is lost. From 500 ms on, the server would fill the pause
// with silence, which would count as frames that nobody sent.
const ARRIVAL_LIMIT_MS = 400;

const MAX_DURATION_SECONDS = 3_300;

// +1 202 555 0100 to 0199 are nobody's, for fiction; the last one is the server's own. Calls share the others.
const FIRST_NUMBER = 12_025_550_100;
const NUMBERS = 99;

/** All calls of one run. */
export class CallBatch {
  readonly toAi: MeasuringWindow;
  readonly toPhone: MeasuringWindow;
  /** How late frames were sent. */
  readonly lateness: MeasuringWindow;
  readonly deltaMessages: readonly Buffer[];
  readonly #options: BatchOptions;
  readonly #calls: readonly LoadCall[];
  readonly #byMark: ReadonlyMap<string, LoadCall>;
  readonly #callIds: string[] = [];
  /** A dial may come before the answer that says which call it is for. */
  readonly #byClientState = new Map<string, Deferred<LoadCall>>();
  /** Oldest first: every mark waits equally long. */
  #dueMarks: DueMark[] = [];
  #pacer: Pacer | undefined;

  constructor(options: BatchOptions) {
    const { mode, subject, expectedFrames } = options;
    this.#options = options;
    this.toAi = new MeasuringWindow(expectedFrames);
    this.toPhone = new MeasuringWindow(expectedFrames);
    this.lateness = new MeasuringWindow(2 * expectedFrames);
    this.deltaMessages = deltaMessages(deltaFrames(mode));
    // The relay converts nothing: what it forwards has the size that it came with.
    const surroundings = {
      callerFrames: callerFrames(),
      toAiFrameBytes: subject === 'relay' ? FRAME_BYTES.pcmu : FRAME_BYTES[mode],
      toPhoneFrameBytes: subject === 'relay' ? FRAME_BYTES[mode] : FRAME_BYTES.pcmu,
      toAi: this.toAi,
      toPhone: this.toPhone,
      onMark: (phone: PhoneLeg, name: string) =>
        this.#dueMarks.push({ phone, name, dueMs: performance.now() + MARK_ECHO_MS }),
    };
    this.#calls = Array.from({ length: options.calls }, () => new LoadCall(surroundings));
    this.#byMark = new Map(this.#calls.map((call, index) => [markOf(index), call]));
  }

  /** The call that was dialled with this state: the base64 of the server's id for it. */
  byClientState(clientState: string): Promise<LoadCall> {
    return this.#awaited(clientState).promise;
  }

  byMark(mark: string): LoadCall | undefined {
    return this.#byMark.get(mark);
  }

  /** Resolves when every call is live. @throws Error when one does not come up */
  async open(): Promise<void> {
    this.#pacer = this.#pace();
    for (const [index, call] of this.#calls.entries()) {
      const nextMs = wait(1000 / this.#options.callsPerSecond);
      if (this.#options.subject === 'server') await this.#create(index, call);
      else this.#connectToRelay(index, call);
      await nextMs;
    }
    const isLive = Promise.all(this.#calls.map((call) => call.live)).then(() => true);
    if (await Promise.race([isLive, wait(CONNECT_LIMIT_MS).then(() => false)])) return;
    throw new Error(`Not every call came up. ${this.#brokenLegs().slice(0, 3).join('; ')}`);
  }

  beginWindow(): void {
    for (const window of [this.toAi, this.toPhone, this.lateness]) window.begin();
  }

  endWindow(): void {
    for (const window of [this.toAi, this.toPhone, this.lateness]) window.end();
  }

  /** What is still under way is lost, as far as latencies go. */
  giveUp(): void {
    for (const { toAi, toPhone } of this.#calls) for (const matcher of [toAi, toPhone]) matcher.giveUp();
  }

  /** Stops the frames, counts, then ends the calls. */
  async close(): Promise<ClosingFigures> {
    for (const call of this.#calls) call.silence();
    await wait(ARRIVAL_LIMIT_MS);
    const figures = {
      frames: { toAi: this.#counted((call) => call.toAi), toPhone: this.#counted((call) => call.toPhone) },
      brokenLegs: this.#brokenLegs(),
    };
    for (const call of this.#calls) call.stop();
    for (const callId of this.#callIds) await post(`${this.#options.url}/api/ai-calls/${callId}/hangup`, {});
    if (this.#options.subject === 'relay') for (const call of this.#calls) call.stopPhone();
    this.#pacer?.stop();
    return figures;
  }

  /** Both directions of a call half a period apart, and all calls evenly spread. */
  #pace(): Pacer {
    const calls = this.#calls;
    const across = calls.length >> 1;
    const slots = calls.flatMap((call, i) => [
      call.sendToAi,
      (calls[(i + across) % calls.length] as LoadCall).sendToPhone,
    ]);
    return new Pacer({
      slots,
      onTick: (nowMs) => this.#echoMarks(nowMs),
      onFired: (lateMs, dueMs) => this.lateness.add(lateMs, dueMs),
    });
  }

  #echoMarks(nowMs: number): void {
    let due = 0;
    for (let mark = this.#dueMarks[due]; mark && mark.dueMs <= nowMs; mark = this.#dueMarks[++due])
      mark.phone.echoMark(mark.name);
    if (due > 0) this.#dueMarks = this.#dueMarks.slice(due);
  }

  #awaited(clientState: string): Deferred<LoadCall> {
    const known = this.#byClientState.get(clientState) ?? deferred<LoadCall>();
    this.#byClientState.set(clientState, known);
    return known;
  }

  async #create(index: number, call: LoadCall): Promise<void> {
    const created = await post(`${this.#options.url}/api/ai-calls/create`, {
      to: numberOf(index),
      instructions: markOf(index),
      maxDurationSeconds: MAX_DURATION_SECONDS,
    });
    const { callId } = created as { readonly callId: string };
    this.#callIds.push(callId);
    this.#awaited(Buffer.from(callId).toString('base64')).resolve(call);
  }

  #connectToRelay(index: number, call: LoadCall): void {
    const url = new URL('/media-bridge', this.#options.url);
    url.searchParams.set(MARK_PARAMETER, markOf(index));
    call.connectPhone({ url, headers: {}, carrierCallId: `v3:${randomUUID()}`, clientState: undefined });
  }

  #counted(direction: (call: LoadCall) => FrameMatcher): FrameCounts {
    const matchers = this.#calls.map(direction);
    const total = (name: keyof FrameCounts): number => matchers.reduce((sum, matcher) => sum + matcher[name], 0);
    return { sent: total('sent'), received: total('received'), lost: total('lost'), extra: total('extra') };
  }

  #brokenLegs(): string[] {
    return this.#calls.flatMap((call) => call.brokenLeg ?? []);
  }
}

function numberOf(index: number): string {
  return `+${FIRST_NUMBER + (index % NUMBERS)}`;
}

function markOf(index: number): string {
  return `Load bench, call ${index}`;
}
