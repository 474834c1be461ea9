// Listens to one of the sessions that carry a call, one after the other: passes on what it reports for as long as it is
// the one that counts, and knows whether anything is under way in it.

import type {
  AssistantText,
  ItemRef,
  RealtimeListener,
  ReplaceableSession,
  ResponseOutcome,
  StartedResponse,
  StoppedSpeech,
} from '../../calls/conversation-ports';
import type { Spending } from '../../calls/cost';
import type { EndCall } from '../../calls/end-call';
import type { Clock } from '../../calls/ports';
import type { ToolCall } from '../../calls/speech';

/** What a session says of itself when it can be used. */
export type ReadyFacts = { readonly sessionId: string; readonly connectMs: number };

/** What becomes of a session as such. */
export type SessionFate = {
  readonly onReady: (ear: SessionEar, facts: ReadyFacts) => void;
  readonly onFailed: (ear: SessionEar, verdict: EndCall) => void;
};

/** Who hears what is said in a session. */
export type SessionWords = Omit<RealtimeListener, 'onReady' | 'onFailed' | 'onLost' | 'onResumed'>;

// Words are written down within a second or two. What takes this long is not coming, and nothing waits for it.
const OVERDUE_MS = 10_000;

/** What an ear works with. */
export type SessionEarDeps = { readonly clock: Clock; readonly fate: SessionFate; readonly words: SessionWords };

/** One session and the ear on it. Idempotent `close()`, after which it is deaf. */
export class SessionEar implements RealtimeListener {
  readonly session: ReplaceableSession;
  readonly #fate: SessionFate;
  readonly #words: SessionWords;
  readonly #itemIds = new Set<string>();
  readonly #clock: Clock;
  /** Words of the callee that are not written down yet, by the time when they were over; Infinity while they are spoken. */
  readonly #unwritten = new Map<string, number>();
  #sessionId = '';
  /** A response is made, or promised. */
  #isResponding = false;
  #isDeaf = false;

  constructor(session: ReplaceableSession, { clock, fate, words }: SessionEarDeps) {
    this.session = session;
    this.#clock = clock;
    this.#fate = fate;
    this.#words = words;
  }

  get sessionId(): string {
    return this.#sessionId;
  }

  /** True while nobody speaks and nothing is made or written down. */
  get isIdle(): boolean {
    const overdueMs = this.#clock.monotonicMs() - OVERDUE_MS;
    return !this.#isResponding && [...this.#unwritten.values()].every((endedAtMs) => endedAtMs < overdueMs);
  }

  /** True for an item of the AI that this session made. */
  has(itemId: string): boolean {
    return this.#itemIds.has(itemId);
  }

  open(): void {
    this.session.open(this);
  }

  close(): void {
    this.#isDeaf = true;
    this.session.close();
  }

  onReady(facts: ReadyFacts): void {
    this.#sessionId = facts.sessionId;
    if (!this.#isDeaf) this.#fate.onReady(this, facts);
  }

  onFailed(verdict: EndCall): void {
    if (!this.#isDeaf) this.#fate.onFailed(this, verdict);
  }

  onResponseStarted(started: StartedResponse): void {
    this.#isResponding = true;
    if (!this.#isDeaf) this.#words.onResponseStarted(started);
  }

  onRequestDropped(requestId: string): void {
    if (!this.#isDeaf) this.#words.onRequestDropped(requestId);
  }

  onAudio(item: ItemRef, audio: Buffer): void {
    this.#itemIds.add(item.itemId);
    if (!this.#isDeaf) this.#words.onAudio(item, audio);
  }

  onAudioDone(item: ItemRef): void {
    if (!this.#isDeaf) this.#words.onAudioDone(item);
  }

  onAssistantText(item: ItemRef, text: AssistantText): void {
    if (!this.#isDeaf) this.#words.onAssistantText(item, text);
  }

  onCalleeText(itemId: string, text: string | undefined, spending: Spending): void {
    this.#unwritten.delete(itemId);
    if (!this.#isDeaf) this.#words.onCalleeText(itemId, text, spending);
  }

  onSpeechStarted(itemId: string): void {
    this.#unwritten.set(itemId, Infinity);
    if (!this.#isDeaf) this.#words.onSpeechStarted(itemId);
  }

  onSpeechStopped(speech: StoppedSpeech): void {
    this.#isResponding ||= speech.isAnswered;
    const nowMs = this.#clock.monotonicMs();
    for (const [itemId, endedAtMs] of this.#unwritten) this.#unwritten.set(itemId, Math.min(endedAtMs, nowMs));
    if (!this.#isDeaf) this.#words.onSpeechStopped(speech);
  }

  onToolCall(call: ToolCall): void {
    if (!this.#isDeaf) this.#words.onToolCall(call);
  }

  onToolAnswered(toolCallId: string): void {
    if (!this.#isDeaf) this.#words.onToolAnswered(toolCallId);
  }

  onResponseDone(outcome: ResponseOutcome): void {
    // One that failed is asked for again.
    this.#isResponding = outcome.status === 'failed';
    if (!this.#isDeaf) this.#words.onResponseDone(outcome);
  }

  /** A single session is never replaced by itself. */
  onLost(): void {}

  onResumed(): void {}
}
