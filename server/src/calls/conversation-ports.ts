// The two legs of a conversation and the conversation itself, as interfaces. The carrier adapter and the realtime
// adapter implement one leg each and never meet; media/ joins them; calls/ sees only the Conversation.

import type { CarrierStreamStats, MachineResult, Talking } from './conversation-events';
import type { Spending } from './cost';
import type { EndCall, EndReason } from './end-call';
import type { SpeechRequest, ToolCall, TurnTaking } from './speech';

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
  /** So many frames came that this is no phone call, and none is read any more. */
  onFlooded(): void;
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

/** Something of the conversation so far, as a new session is to know it. */
export type HistoryItem =
  | { readonly kind: 'message'; readonly role: 'system' | 'user' | 'assistant'; readonly text: string }
  /** A use of a tool; without `output` it is still at work, and `answerTool` brings the result later. */
  | {
      readonly kind: 'tool';
      readonly toolCallId: string;
      readonly name: string;
      readonly argumentsJson: string;
      readonly output?: string | undefined;
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
  /**
   * The conversation is over: nothing more is heard, made or reported, except the words of the callee and the cost of
   * responses that are still on their way. Resolves when none is left, or after `limitMs`; `close` has to follow.
   */
  drain(limitMs: number): Promise<void>;
  close(): void;
}

/** A session that can take the place of another one. */
export interface ReplaceableSession extends RealtimeSession {
  /** When the server will end the session, epoch milliseconds; undefined as long as it has not said. */
  readonly expiresAtMs: number | undefined;
  /** Puts what was said before into the conversation; once, after `onReady`, before anything of the conversation is sent. */
  restore(history: readonly HistoryItem[]): void;
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
  onCalleeText(itemId: string, text: string | undefined, spending: Spending): void;
  /** `itemId` is the item that the callee's words will become. */
  onSpeechStarted(itemId: string): void;
  onSpeechStopped(speech: StoppedSpeech): void;
  onToolCall(call: ToolCall): void;
  onToolAnswered(toolCallId: string): void;
  onResponseDone(outcome: ResponseOutcome): void;
  /**
   * The session is gone, and another one takes its place; without a verdict it was left because its time was up. What it
   * was making is over without a word: whoever still wants that asks for it again.
   */
  onLost(lost?: EndCall): void;
  /** Another session knows the conversation. What was asked for is asked of it when `goOn` is called. */
  onResumed(resumed: ResumedSession, goOn: () => void): void;
  /** The session is of no use any more. */
  onFailed(verdict: EndCall): void;
}

/** How a session took the place of another one. */
export type ResumedSession = {
  readonly sessionId: string;
  /** How long there was none, milliseconds. */
  readonly afterMs: number;
  /** How often one had to be opened. */
  readonly tries: number;
  /** The other one was not lost: its time was up. */
  readonly isPlanned: boolean;
};

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
  readonly spending: Spending;
};

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

/** The conversation of one call. Idempotent `close()`; after it nothing is reported but turns and usage on their way. */
export interface Conversation {
  readonly closed: boolean;
  /** True from the moment the carrier's stream is joined. */
  readonly isStreaming: boolean;
  /** Who is heard now. */
  readonly talking: Talking;
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
  /** Says goodbye, for good and within a bound, because of `reason`; then ends the call with it. */
  leave(reason: EndReason): void;
  close(): void;
  /** Resolves when nothing more is reported, a bounded time after `close`. */
  whenSettled(): Promise<void>;
}
