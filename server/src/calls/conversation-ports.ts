// The two legs of a conversation and the conversation itself, as interfaces. The carrier adapter and the realtime
// adapter implement one leg each and never meet; media/ joins them; calls/ sees only the Conversation.

import type { Call, CallUsage } from './call';
import type { EndCall } from './end-call';

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

/** How the AI is to open the conversation. */
export type Opening = {
  /** Words to be said exactly; without them the model opens by its instructions. */
  readonly greeting?: string | undefined;
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
  /** Asks the model to speak first. */
  requestOpening(opening: Opening): void;
  /** Cancels the response that is being generated; returns whether there was one. */
  cancelResponse(): boolean;
  /** Tells the model how much of an item was heard. */
  truncate(item: ItemRef, heardMs: number): void;
  /** Removes an item that was never heard. */
  deleteItem(itemId: string): void;
  close(): void;
}

/** What a realtime session reports. */
export interface RealtimeListener {
  onReady(facts: { readonly sessionId: string; readonly connectMs: number }): void;
  /** `isUnwanted`: the request was cancelled before the server began; nothing of the response is to be heard. */
  onResponseStarted(started: { readonly responseId: string; readonly isUnwanted: boolean }): void;
  /** Borrowed: copy what is to be kept. */
  onAudio(item: ItemRef, audio: Buffer): void;
  onAudioDone(item: ItemRef): void;
  /** The words of an AI item, as far as they are known. */
  onAssistantText(item: ItemRef, text: AssistantText): void;
  onCalleeText(itemId: string, text: string, usage: CallUsage): void;
  /** `itemId` is the item that the callee's words will become. */
  onSpeechStarted(itemId: string): void;
  onSpeechStopped(): void;
  onResponseDone(outcome: ResponseOutcome): void;
  /** The session is of no use any more. */
  onFailed(verdict: EndCall): void;
}

/** Words of the AI: a few more of them, or all of them once more. */
export type AssistantText = { readonly delta: string } | { readonly whole: string };

/** How a response ended. */
export type ResponseOutcome = {
  readonly responseId: string;
  readonly status: 'completed' | 'cancelled' | 'incomplete' | 'failed';
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
  | { readonly type: 'reply.started'; readonly latencyMs: number }
  | { readonly type: 'turn.finished'; readonly turn: Turn }
  | { readonly type: 'assistant.interrupted'; readonly by: 'callee' | 'api'; readonly heardMs: number }
  | { readonly type: 'usage.added'; readonly usage: CallUsage }
  | ({ readonly type: 'media.measured' } & MediaStats)
  | { readonly type: 'stream.stopped' }
  | { readonly type: 'stream.lost'; readonly closeCode: number }
  | { readonly type: 'conversation.failed'; readonly verdict: EndCall };

/** The joined legs of one call. Idempotent `close()`; after it no event is reported. */
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
  close(): void;
}

/** Makes the conversation of a call. */
export type OpenConversation = (call: Call, report: (event: ConversationEvent) => void) => Conversation;
