/**
 * The callee's turns in one session: from appended audio to speech events, committed items, transcripts, and the
 * responses and interruptions that turn detection causes.
 */
import { ClientMistake } from './client-mistake';
import type { Conversation, ConversationItem } from './conversation';
import type { VadChange } from './energy-vad';
import type { AudioSpan, InputAudio } from './input-audio';
import type { ResponseDesk } from './response-desk';
import type { ResponseEnd, ResponseRun } from './response-run';
import type { SessionConfig } from './session-config';
import { transcriptionUsage } from './usage';
import { itemOnWire, obfuscation, type Emit, type IdSource } from './wire-events';

/** A transcript is made beside the response and often arrives after its beginning. */
const TRANSCRIPTION_MS = 200;

/** What turn taking needs of its session. */
export type TurnOptions = {
  readonly input: InputAudio;
  readonly desk: ResponseDesk;
  readonly conversation: Conversation;
  readonly ids: IdSource;
  readonly emit: Emit;
  readonly config: () => SessionConfig;
  /** What the callee said in the turn with this index. */
  readonly transcriptOf: (index: number) => string;
};

type Speech = { readonly itemId: string; readonly startMs: number };

/** Listens to the callee. */
export class TurnTaker {
  readonly #options: TurnOptions;
  readonly #transcriptions = new Set<NodeJS.Timeout>();
  #speech: Speech | undefined;
  #turnCount = 0;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(options: TurnOptions) {
    this.#options = options;
  }

  /** Takes appended audio. */
  append(base64: string): void {
    for (const change of this.#options.input.append(base64)) this.#perform(change);
  }

  /** Commits the buffer as the client asks; no response follows by itself. */
  commit(): void {
    const span = this.#options.input.commitAll();
    this.#commitItem(this.#speech?.itemId ?? this.#options.ids.next('item'), span);
    this.#speech = undefined;
  }

  /** Forgets the buffer as the client asks. */
  clear(): void {
    this.#options.input.clear();
    this.#speech = undefined;
    this.#options.emit({ type: 'input_audio_buffer.cleared' });
  }

  /** Ends the wait for an idle callee, because something is being said. */
  responseCreated(): void {
    clearTimeout(this.#idleTimer);
  }

  /** Starts the wait for an idle callee, from the moment the response would have been played out. */
  responseDone(run: ResponseRun, end: ResponseEnd): void {
    const detection = this.#options.config().audio.input.turn_detection;
    if (detection?.type !== 'server_vad' || detection.idle_timeout_ms === null) return;
    if (end.status !== 'completed' || this.#speech !== undefined) return;
    const idleMs = detection.idle_timeout_ms;
    const playoutMs = Math.max(0, run.playedOutAtMs - performance.now());
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => this.#giveUpWaiting(idleMs), playoutMs + idleMs);
  }

  /** Stops every timer. */
  stop(): void {
    clearTimeout(this.#idleTimer);
    for (const timer of this.#transcriptions) clearTimeout(timer);
  }

  #perform(change: VadChange): void {
    if (change.kind === 'started') return this.#startSpeech(change.atMs);
    if (this.#speech !== undefined) this.#stopSpeech(this.#speech, change.atMs);
  }

  #startSpeech(atMs: number): void {
    const { input, ids, emit, desk, config } = this.#options;
    clearTimeout(this.#idleTimer);
    this.#speech = { itemId: ids.next('item'), startMs: input.paddedStartMs(atMs) };
    emit({
      type: 'input_audio_buffer.speech_started',
      audio_start_ms: this.#speech.startMs,
      item_id: this.#speech.itemId,
    });
    if (config().audio.input.turn_detection?.interrupt_response === true) desk.interrupt();
  }

  #stopSpeech(speech: Speech, endMs: number): void {
    this.#speech = undefined;
    const audioEndMs = Math.round(endMs);
    const stopped = { audio_end_ms: audioEndMs, item_id: speech.itemId };
    this.#options.emit({ type: 'input_audio_buffer.speech_stopped', ...stopped });
    const span = this.#options.input.commitSpan({ startMs: speech.startMs, endMs: audioEndMs });
    this.#commitItem(speech.itemId, span);
    // What holds at the end of the speech decides, whatever held when it began.
    if (this.#options.config().audio.input.turn_detection?.create_response === true) this.#reply();
  }

  /** Documented to be able to fail when the model is still speaking because nothing may interrupt it. */
  #reply(): void {
    try {
      this.#options.desk.answerCallee();
    } catch (error) {
      if (!(error instanceof ClientMistake)) throw error;
      const { type, code, message, param } = error;
      this.#options.emit({ type: 'error', error: { type, code, message, param, event_id: null } });
    }
  }

  #commitItem(itemId: string, span: AudioSpan): void {
    const { conversation, emit } = this.#options;
    const audioMs = span.endMs - span.startMs;
    const turn = { type: 'message', role: 'user', status: 'completed', text: '', isAudio: true } as const;
    const item: ConversationItem = { ...turn, id: itemId, audioMs };
    const previous = conversation.add(item);
    emit({ type: 'input_audio_buffer.committed', item_id: itemId, previous_item_id: previous });
    const added = { previous_item_id: previous, item: itemOnWire(item) };
    emit({ type: 'conversation.item.added', ...added });
    emit({ type: 'conversation.item.done', ...added });
    this.#transcribe(item);
  }

  #transcribe(item: ConversationItem): void {
    const transcript = this.#options.transcriptOf(this.#turnCount);
    const model = this.#options.config().audio.input.transcription?.model;
    this.#turnCount += 1;
    if (model === undefined) return;
    const timer = setTimeout(() => {
      this.#transcriptions.delete(timer);
      this.#sendTranscript(item, transcript, model);
    }, TRANSCRIPTION_MS);
    this.#transcriptions.add(timer);
  }

  #sendTranscript(item: ConversationItem, transcript: string, model: string): void {
    const place = { item_id: item.id, content_index: 0 };
    const prefix = 'conversation.item.input_audio_transcription';
    item.text = transcript;
    if (transcript !== '') {
      const delta = { delta: transcript, obfuscation: obfuscation(transcript) };
      this.#options.emit({ type: `${prefix}.delta`, ...place, ...delta });
    }
    const usage = transcriptionUsage(model, item.audioMs, transcript);
    this.#options.emit({ type: `${prefix}.completed`, ...place, transcript, usage });
  }

  /** The callee has said nothing for long enough: the silence becomes a turn of its own, and the model speaks up. */
  #giveUpWaiting(idleMs: number): void {
    const { input, ids, emit, config } = this.#options;
    const detection = config().audio.input.turn_detection;
    // The client may have thought better of it while the wait went on.
    if (detection?.type !== 'server_vad' || detection.idle_timeout_ms === null) return;
    const endMs = Math.round(input.totalMs);
    const span = { startMs: Math.max(0, endMs - idleMs), endMs };
    const itemId = ids.next('item');
    emit({
      type: 'input_audio_buffer.timeout_triggered',
      audio_start_ms: span.startMs,
      audio_end_ms: span.endMs,
      item_id: itemId,
    });
    this.#commitItem(itemId, input.commitSpan(span));
    // "If both create_response and interrupt_response are set to false, the model will never respond automatically."
    if (detection.create_response || detection.interrupt_response) this.#reply();
  }
}
