/** One response while it is being generated: paces its plan against an absolute schedule and can be cut short. */
import type { AiTurn } from './ai-script';
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

/** How a response came to its end. */
export type ResponseEnd =
  | { readonly status: 'completed' }
  | { readonly status: 'cancelled'; readonly reason: 'turn_detected' | 'client_cancelled' }
  | { readonly status: 'incomplete'; readonly reason: 'max_output_tokens' | 'content_filter' }
  | { readonly status: 'failed'; readonly error: { readonly type: string; readonly code: string } };

/** What a run needs. */
export type RunOptions = {
  readonly turn: AiTurn;
  readonly plan: readonly PlanStep[];
  /** Absent for a response outside the conversation. */
  readonly conversation: Conversation | undefined;
  readonly ids: IdSource;
  readonly emit: Emit;
  /** Told once, after the last item event; sends `response.done`. */
  readonly onEnd: (run: ResponseRun, end: ResponseEnd) => void;
};

/** A response in progress. */
export class ResponseRun {
  readonly id: string;
  readonly #options: RunOptions;
  readonly #outputs: ResponseOutput[] = [];
  #nextStep = 0;
  #firstDueMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(options: RunOptions) {
    this.id = options.ids.next('resp');
    this.#options = options;
  }

  /** Whether it writes to the conversation. */
  get isInConversation(): boolean {
    return this.#options.conversation !== undefined;
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
    this.#firstDueMs = performance.now() + (this.#options.turn.thinkMs ?? DEFAULT_THINK_MS);
    this.#pump();
  }

  /** Cuts the response short: what has begun ends incomplete. */
  cancel(reason: 'turn_detected' | 'client_cancelled'): void {
    this.#end({ status: 'cancelled', reason });
  }

  /** Stops without a word, because the socket is gone. */
  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  /** Performs every step that is due, then waits for the next. */
  #pump(): void {
    while (!this.#isOver) {
      const step = this.#options.plan[this.#nextStep];
      const waitMs = this.#firstDueMs + this.#scaled(step?.dueMs ?? 0) - performance.now();
      if (waitMs > 0 && (step !== undefined || this.#nextStep === 0)) {
        this.#timer = setTimeout(() => this.#pump(), waitMs);
        return;
      }
      if (step === undefined) return this.#end(plannedEnd(this.#options.turn));
      this.#nextStep += 1;
      this.#perform(step);
    }
  }

  #scaled(audioMs: number): number {
    return audioMs / (this.#options.turn.speedup ?? DEFAULT_SPEEDUP);
  }

  #perform(step: PlanStep): void {
    if (step.kind === 'start') return this.#open(step);
    const output = this.#outputs[step.outputIndex];
    if (step.kind === 'text') output?.sendText(step.delta);
    if (step.kind === 'audio') output?.sendAudio(step.base64, step.ms);
    if (step.kind === 'end') output?.end('completed');
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

function plannedEnd(turn: AiTurn): ResponseEnd {
  if (turn.fail !== undefined) return { status: 'failed', error: turn.fail };
  if (turn.incomplete !== undefined) return { status: 'incomplete', reason: turn.incomplete };
  return { status: 'completed' };
}

function newItem(ids: IdSource, kind: OutputKind, name: string | undefined): ConversationItem {
  const common = { id: ids.next('item'), status: 'in_progress' as const, text: '', audioMs: 0 };
  if (kind === 'function_call') {
    return { ...common, type: 'function_call', isAudio: false, callId: ids.next('call'), name };
  }
  return { ...common, type: 'message', role: 'assistant', isAudio: kind === 'audio' };
}
