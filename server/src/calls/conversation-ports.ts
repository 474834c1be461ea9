// The two legs of a conversation and the conversation itself, as interfaces. The carrier adapter and the realtime
// adapter implement one leg each and never meet; media/ joins them; calls/ sees only the Conversation.

import type { CallUsage } from './call';
import type { EndCall, EndDetails } from './end-call';
import type { SpeechOutcome, SpeechRequest, ToolCall, TurnTaking } from './speech';

/** The carrier's live audio path of one call, after it has announced itself. */
export interface CarrierStream {
  readonly streamId: string;
  /** Codec of the inbound audio as announced, for example PCMU. */
  readonly encoding: string;
  readonly sampleRateHz: number;
  readonly channels: number;
  readonly closed: boolean;
  readonly stats: CarrierStreamStats;
  /** Network round trip to the carrier as last measured, milliseconds; 0 before the first measurement. */
  readonly roundTripMs: number;
  /** Names the one listener; audio that arrived before is delivered first. */
  listen(listener: CarrierStreamListener): void;
  /** Outbound audio in the encoding that was asked for, whole 20 ms frames. The bytes may be overwritten afterwards. */
  sendAudio(audio: Buffer): void;
  /** Asks to be told when everything sent before has been played. */
  sendMark(name: string): void;
  /** Drops what waits at the carrier; all open marks come back. */
  clear(): void;
  close(): void;
}

/** A stream that has just connected, and which call it says it belongs to. */
export type AnnouncedStream = {
  readonly stream: CarrierStream;
  readonly callId: string | undefined;
  readonly carrierCallId: string;
};

/** What was odd about the callee's frames, and how far the carrier fell behind with ours. */
export type CarrierStreamStats = {
  /** Frames that came too early and were put in their place. */
  readonly reordered: number;
  /** Frames that came again, or too late to be of use. */
  readonly duplicates: number;
  /** Frames that never came. */
  readonly missing: number;
  /** Frames that could not be read. */
  readonly unreadable: number;
  /** Most outbound bytes that ever waited for the network. */
  readonly peakBacklogBytes: number;
};

/** What a carrier stream reports. */
export interface CarrierStreamListener {
  /** The next frame of the callee's audio; 16-bit samples are little-endian. Borrowed: copy what is to be kept. */
  onAudio(audio: Buffer): void;
  /** So many frames in a row were lost on the way. */
  onMissing(frames: number): void;
  onMark(name: string): void;
  /** A key that the callee pressed. */
  onDigit(digit: string): void;
  /** The carrier ended the stream on purpose: the call is over or the stream was replaced. */
  onStopped(): void;
  /** The socket went away without a word. */
  onLost(closeCode: number): void;
}

/** Which part of an AI turn some audio or text belongs to. */
export type ItemRef = {
  readonly responseId: string;
  readonly itemId: string;
  readonly contentIndex: number;
};

/** A response that the model is asked for. */
export type RequestedResponse = SpeechRequest & {
  /** Names the request in `onResponseStarted` and `onRequestDropped`. */
  readonly requestId: string;
};

/** One session with the speech model. */
export interface RealtimeSession {
  readonly closed: boolean;
  /** True while the connection does not keep up with what is sent. */
  readonly isCongested: boolean;
  /** Connects and configures; the outcome is `onReady` or `onFailed`. */
  open(listener: RealtimeListener): void;
  /** Callee audio in the session's input format; only after `onReady`. The bytes may be overwritten afterwards. */
  appendAudio(audio: Buffer): void;
  /** Asks for a response as soon as there may be one; `onResponseStarted` or `onRequestDropped` says what became of it. */
  requestResponse(request: RequestedResponse): void;
  /** Adds a message to the conversation; does not ask for a response. */
  addMessage(role: 'system' | 'user', text: string): void;
  /** Adds the result of a tool; `onToolAnswered` when the server has it. */
  answerTool(toolCallId: string, output: string): void;
  takeTurns(by: TurnTaking): void;
  setInstructions(instructions: string): void;
  /**
   * Cancels the response that is being made, or also those that are asked for; after a cut-in, the one being made unless
   * the server cancels it by itself. Returns whether there was one.
   */
  cancelResponse(which: 'active' | 'all' | 'cut-in'): boolean;
  /** Tells the model how much of an item was heard. */
  truncate(item: ItemRef, heardMs: number): void;
  /** Removes an item that was never heard. */
  deleteItem(itemId: string): void;
  close(): void;
}

/** What a realtime session reports. */
export interface RealtimeListener {
  onReady(facts: { readonly sessionId: string; readonly connectMs: number }): void;
  onResponseStarted(started: StartedResponse): void;
  /** The request was cancelled or needless before it became a response, or failed for good. */
  onRequestDropped(requestId: string): void;
  /** Borrowed: copy what is to be kept. */
  onAudio(item: ItemRef, audio: Buffer): void;
  onAudioDone(item: ItemRef): void;
  /** The words of an AI item, as far as they are known. */
  onAssistantText(item: ItemRef, text: AssistantText): void;
  /** `text` is undefined when the words could not be written down. */
  onCalleeText(itemId: string, text: string | undefined, usage: CallUsage): void;
  /** `itemId` is the item that the callee's words will become. */
  onSpeechStarted(itemId: string): void;
  onSpeechStopped(speech: StoppedSpeech): void;
  onToolCall(call: ToolCall): void;
  onToolAnswered(toolCallId: string): void;
  onResponseDone(outcome: ResponseOutcome): void;
  /** The session is of no use any more. */
  onFailed(verdict: EndCall): void;
}

/** The callee has stopped speaking. */
export type StoppedSpeech = {
  /** Where the speech ended, milliseconds of callee audio since the session began; undefined when nobody can tell. */
  readonly endMs: number | undefined;
  /** The server answers by itself. */
  readonly isAnswered: boolean;
};

/** A response that the server has begun. */
export type StartedResponse = {
  readonly responseId: string;
  /** Undefined for an answer that the server gives by itself. */
  readonly requestId?: string | undefined;
  /** The request was cancelled before the server began; nothing of the response is to be heard. */
  readonly isUnwanted: boolean;
};

/** Words of the AI: a few more of them, or all of them once more. */
export type AssistantText = { readonly delta: string } | { readonly whole: string };

/** `failed`: it is asked for again. */
export type ResponseStatus = 'completed' | 'cancelled' | 'incomplete' | 'failed';

/** How a response ended. */
export type ResponseOutcome = {
  readonly responseId: string;
  readonly status: ResponseStatus;
  readonly usage: CallUsage;
};

/** Something that one party said. */
export type Turn = {
  readonly speaker: 'callee' | 'assistant';
  readonly text: string;
  /** When the first of it was heard on the line, epoch milliseconds. */
  readonly startedAtMs: number;
  /** True when the callee did not hear all of it. */
  readonly isInterrupted: boolean;
  /** How much of it reached the callee's ear; assistant turns only. */
  readonly heardMs?: number | undefined;
  /** How much was generated; assistant turns only. */
  readonly audioMs?: number | undefined;
};

/** How well the audio of a call went, from its first stream to its last; told once, at the end. */
export type MediaStats = CarrierStreamStats & {
  readonly receivedFrames: number;
  /** Silence that stood in for audio of the callee that did not come, milliseconds. */
  readonly filledMs: number;
  /** Audio of the callee that the realtime session could not take in time, milliseconds. */
  readonly droppedMs: number;
  /** How often the AI's audio ran dry in the middle of an item, and for how long in all. */
  readonly underruns: number;
  readonly underrunMs: number;
};

/**
 * How long the callee waited for a reply, milliseconds, split by who took the time: `latencyMs` runs from the last of
 * the callee's speech to the first frame that goes to the carrier, and is the sum of the three parts.
 */
export type ReplyLatency = {
  readonly latencyMs: number;
  /** Until the end of the turn was noticed. */
  readonly vadMs: number;
  /** From there to the first audio of the model, tools included. */
  readonly modelMs: number;
  /** From there to the carrier. */
  readonly bridgeMs: number;
  /** Until the callee is estimated to hear it: `latencyMs`, what still plays before it, and half a round trip. */
  readonly heardAfterMs: number;
};

/** Who the carrier believes has answered. */
export type MachineResult = 'human' | 'machine' | 'fax' | 'silence' | 'not-sure';

/** One use of a tool. */
export type FinishedTool = {
  readonly toolCallId: string;
  readonly name: string;
  /** As the model wrote it. */
  readonly argumentsJson: string;
  /** `abandoned`: it still ran when the conversation ended. */
  readonly outcome: 'ok' | 'error' | 'timeout' | 'abandoned';
  /** What the model was told; empty when it was told nothing. */
  readonly output: string;
  readonly durationMs: number;
};

/** What a conversation reports to the call. */
export type ConversationEvent =
  | { readonly type: 'ai.ready'; readonly sessionId: string; readonly connectMs: number }
  | {
      readonly type: 'stream.started';
      readonly streamId: string;
      readonly encoding: string;
      readonly sampleRateHz: number;
    }
  | { readonly type: 'greeting.started'; readonly afterStreamMs: number }
  | ({ readonly type: 'reply.started' } & ReplyLatency)
  | { readonly type: 'turn.finished'; readonly turn: Turn }
  | { readonly type: 'assistant.interrupted'; readonly by: 'callee' | 'api'; readonly heardMs: number }
  | { readonly type: 'callee.held-off'; readonly voicedMs: number }
  | { readonly type: 'dtmf.received'; readonly digits: string }
  | { readonly type: 'dtmf.sent'; readonly digits: string }
  | { readonly type: 'machine.detected'; readonly result: MachineResult }
  | { readonly type: 'machine.greeting-ended'; readonly hasBeep: boolean }
  | { readonly type: 'voicemail.finished'; readonly outcome: SpeechOutcome }
  | { readonly type: 'silence.noticed'; readonly silentMs: number; readonly step: 'nudge' | 'goodbye' }
  | { readonly type: 'time.ending'; readonly remainingMs: number; readonly step: 'warning' | 'goodbye' }
  | { readonly type: 'say.finished'; readonly sayId: string; readonly outcome: SpeechOutcome }
  | { readonly type: 'instructions.changed'; readonly instructions: string }
  | { readonly type: 'goodbye.canceled' }
  | { readonly type: 'transfer.started'; readonly to: string }
  | { readonly type: 'transfer.bridged'; readonly to: string }
  | ({ readonly type: 'transfer.failed'; readonly to: string; readonly reason: string } & {
      readonly details?: EndDetails | undefined;
    })
  | ({ readonly type: 'tool.finished' } & FinishedTool)
  | { readonly type: 'usage.added'; readonly usage: CallUsage }
  | ({ readonly type: 'media.measured' } & MediaStats)
  | { readonly type: 'stream.stopped' }
  | { readonly type: 'stream.lost'; readonly closeCode: number }
  | { readonly type: 'conversation.failed'; readonly verdict: EndCall };

/** When something that is to be said may be said. */
export type SayTiming = 'now' | 'next-pause';

/** Words for the AI to say, by order of the API. */
export type SayRequest = {
  readonly sayId: string;
  readonly text: string;
  /** `now` cuts off what the AI is saying. */
  readonly timing: SayTiming;
  readonly isProtected: boolean;
};

/** Why an order is not taken: too much of the kind is under way, or the conversation is at its end. */
export type OrderRefusal = 'busy' | 'ending';

/** A transfer, and the words with which it is announced; without them the AI finds its own. */
export type AnnouncedTransfer = { readonly to: string; readonly announcement?: string | undefined };

/** What the carrier found out about who answered. */
export type MachineNews =
  | { readonly kind: 'detected'; readonly result: MachineResult }
  | { readonly kind: 'greeting-ended'; readonly hasBeep: boolean };

/** The conversation of one call. Idempotent `close()`; after it no event is reported. */
export interface Conversation {
  readonly closed: boolean;
  /** True from the moment the carrier's stream is joined. */
  readonly isStreaming: boolean;
  /** Opens the AI leg; called while the phone rings. */
  open(): void;
  /** Joins the carrier's stream; a later stream replaces an earlier one. */
  attach(stream: CarrierStream): void;
  /** Silences the AI at once; returns whether it was speaking or about to. */
  interrupt(): boolean;
  /** Has the AI say something; `say.finished` tells what became of it. */
  say(request: SayRequest): OrderRefusal | undefined;
  /** Replaces the instructions from the next response on. */
  setInstructions(instructions: string): void;
  /** Announces the transfer and carries it out; events tell how it goes. */
  transfer(request: AnnouncedTransfer): OrderRefusal | undefined;
  /** A key that the callee pressed, as the carrier's webhook has it; the stream may have told it before. */
  onCarrierDigit(digit: string): void;
  onMachine(news: MachineNews): void;
  close(): void;
}
