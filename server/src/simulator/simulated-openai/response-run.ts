/** One response while it is being generated: paces its plan against an absolute schedule and can be cut short. */
import type { AiBreak, AiTurn } from './ai-script';
import {
  addTokens,
  outputAudioTokens,
  textTokens,
  type Conversation,
  type ConversationItem,
  type TokenCount,
} from './conversation';
import type { OutputKind, PlanStep } from './response-plan';
import { ResponseOutput } from './response-output';
import type { Emit, IdSource } from './wire-events';

const DEFAULT_THINK_MS = 150;
const DEFAULT_SPEEDUP = 8;

/** Who has a response cancelled. */
export type CancelReason = 'turn_detected' | 'client_cancelled';

/** How a response came to its end. */
export type ResponseEnd =
  | { readonly status: 'completed' }
  | { readonly status: 'cancelled'; readonly reason: CancelReason }
  | { readonly status: 'incomplete'; readonly reason: 'max_output_tokens' | 'content_filter' }
  | { readonly status: 'failed'; readonly error: { readonly type: string; readonly code: string } };

/** What can go wrong with the session of a response. */
export type SessionBreak = Exclude<AiBreak['how'], 'stall'>;

/** What a run needs. */
export type RunOptions = {
  readonly turn: AiTurn;
  readonly plan: readonly PlanStep[];
  /** Absent for a response outside the conversation. */
  readonly conversation: Conversation | undefined;
  readonly ids: IdSource;
  readonly emit: Emit;
  /** Told once, before the first item event; sends `response.created`. */
  readonly onStart: (run: ResponseRun) => void;
  /** Told once, after the last item event; sends `response.done`. */
  readonly onEnd: (run: ResponseRun, end: ResponseEnd) => void;
  /** Told when the script has the session break in the middle of the response; stops the run. */
  readonly onBreak: (how: SessionBreak) => void;
};

/** A cancellation, and when the last event that it does not stop has left. */
type Cut = { readonly reason: CancelReason; readonly atMs: number };

/** A response in progress. */
export class ResponseRun {
  readonly id: string;
  readonly #options: RunOptions;
  readonly #outputs: ResponseOutput[] = [];
  readonly #lagMs: number;
  #nextStep = 0;
  #announceAtMs = 0;
  #isAnnounced = false;
  /** When the first item event leaves. */
  #firstDueMs = 0;
  #cut: Cut | undefined;
  #isStalled = false;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(options: RunOptions) {
    this.id = options.ids.next('resp');
    this.#options = options;
    this.#lagMs = options.turn.deltaLagMs ?? 0;
  }

  /** Whether it writes to the conversation. */
  get isInConversation(): boolean {
    return this.#options.conversation !== undefined;
  }

  /** Whether it is cancelled; events that were on their way by then may still be leaving. */
  get isCancelled(): boolean {
    return this.#cut !== undefined;
  }

  /** Whether any audio has been sent. */
  get hasSpoken(): boolean {
    return this.#outputs.some((output) => output.item.audioMs > 0);
  }

  /** When the audio sent so far would end, on the clock of `performance.now()`, were it played from the first delta on. */
  get playedOutAtMs(): number {
    return this.#firstDueMs + this.#outputs.reduce((sum, output) => sum + output.item.audioMs, 0);
  }

  /** The items so far, for `response.done`. */
  outputOnWire(): readonly object[] {
    return this.#outputs.map((output) => output.onWire());
  }

  /** Tokens made so far. */
  outputTokens(): TokenCount {
    return this.#outputs.reduce<TokenCount>(
      (sum, output) => addTokens(sum, { text: textTokens(output.text), audio: outputAudioTokens(output.item.audioMs) }),
      { text: 0, audio: 0 },
    );
  }

  /** Starts to think, then to speak. */
  start(): void {
    this.#announceAtMs = performance.now() + this.#lagMs;
    this.#firstDueMs = this.#announceAtMs + (this.#options.turn.thinkMs ?? DEFAULT_THINK_MS);
    this.#pump();
  }

  /** Cuts the response short: what was due by now still leaves, then what has begun ends incomplete. */
  cancel(reason: CancelReason): void {
    if (this.#cut !== undefined) return;
    this.#cut = { reason, atMs: performance.now() + this.#lagMs };
    if (this.#lagMs === 0) return this.#end({ status: 'cancelled', reason });
    clearTimeout(this.#timer);
    this.#pump();
  }

  /** Stops without a word, because the socket is gone. */
  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  /** Performs every step that is due, then waits for the next. */
  #pump(): void {
    while (!this.#isOver) {
      const waitMs = this.#nextAtMs() - performance.now();
      if (waitMs > 0) {
        if (waitMs !== Infinity) this.#timer = setTimeout(() => this.#pump(), waitMs);
        return;
      }
      this.#advance();
    }
  }

  /** When the next event leaves. */
  #nextAtMs(): number {
    if (!this.#isAnnounced) return this.#announceAtMs;
    return Math.min(this.#stepAtMs(), this.#cut?.atMs ?? Infinity);
  }

  /** When the next step leaves; the end of the plan comes with its last step, or without any after the thinking. */
  #stepAtMs(): number {
    if (this.#isStalled) return Infinity;
    const audioMs = this.#options.plan[this.#nextStep]?.dueMs ?? 0;
    return this.#firstDueMs + audioMs / (this.#options.turn.speedup ?? DEFAULT_SPEEDUP);
  }

  #advance(): void {
    if (!this.#isAnnounced) {
      this.#isAnnounced = true;
      return this.#options.onStart(this);
    }
    const step = this.#options.plan[this.#nextStep];
    if (this.#cut !== undefined && (step === undefined || this.#stepAtMs() > this.#cut.atMs)) {
      return this.#end({ status: 'cancelled', reason: this.#cut.reason });
    }
    if (this.#isBreakDue(step)) return this.#break();
    if (step === undefined) return this.#end(plannedEnd(this.#options));
    this.#nextStep += 1;
    this.#perform(step);
  }

  #isBreakDue(step: PlanStep | undefined): boolean {
    const { breaks } = this.#options.turn;
    return breaks !== undefined && (step?.dueMs ?? Infinity) >= breaks.afterMs;
  }

  #break(): void {
    const how = this.#options.turn.breaks?.how ?? 'stall';
    this.#isStalled = true;
    if (how !== 'stall') this.#options.onBreak(how);
  }

  #perform(step: PlanStep): void {
    if (step.kind === 'start') return this.#open(step);
    const output = this.#outputs[step.outputIndex];
    if (step.kind === 'text') output?.sendText(step.delta);
    if (step.kind === 'audio') output?.sendAudio(step.base64, step.ms);
    if (step.kind === 'end') output?.end(step.status ?? 'completed');
  }

  #open(step: PlanStep & { kind: 'start' }): void {
    const { ids, emit, conversation } = this.#options;
    const place = { responseId: this.id, outputIndex: step.outputIndex, conversation };
    const output = new ResponseOutput(newItem(ids, step.output, step.call?.name), step.output, { ...place, emit });
    this.#outputs.push(output);
    output.start();
  }

  #end(end: ResponseEnd): void {
    if (this.#isOver) return;
    this.stop();
    for (const output of this.#outputs) if (!output.isEnded) output.end('incomplete');
    this.#options.onEnd(this, end);
  }
}

function plannedEnd({ turn, plan }: RunOptions): ResponseEnd {
  if (turn.fail !== undefined) return { status: 'failed', error: turn.fail };
  if (turn.incomplete !== undefined) return { status: 'incomplete', reason: turn.incomplete };
  // An item that was cut off cannot be part of a response that was completed.
  if (plan.some(isCutOff)) return { status: 'incomplete', reason: 'max_output_tokens' };
  return { status: 'completed' };
}

function isCutOff(step: PlanStep): boolean {
  return step.kind === 'end' && step.status === 'incomplete';
}

function newItem(ids: IdSource, kind: OutputKind, name: string | undefined): ConversationItem {
  const common = { id: ids.next('item'), status: 'in_progress' as const, text: '', audioMs: 0 };
  if (kind === 'function_call') {
    return { ...common, type: 'function_call', isAudio: false, callId: ids.next('call'), name };
  }
  return { ...common, type: 'message', role: 'assistant', isAudio: kind === 'audio' };
}
