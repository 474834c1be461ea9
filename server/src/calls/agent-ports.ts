// What an agent (the AI's conduct in a call) works with: the voice line, on which it speaks and listens, and the call,
// which it may end or transfer. media/ implements the line, calls/ the controls; agent/ and tools/ use both.

import type { Call } from './call';
import type { CarrierStream, Conversation } from './conversation-ports';
import type { ConversationEvent } from './conversation-events';
import type { EndDetails, EndReason } from './end-call';
import type { SpeechOutcome, SpeechRequest, ToolCall, TurnTaking } from './speech';

/**
 * The joined legs of a call as an agent sees them. Idempotent `close()`; after it nothing is reported but turns and usage
 * that were on their way.
 */
export interface VoiceLine {
  readonly closed: boolean;
  /** True from the moment the carrier's stream is joined. */
  readonly isStreaming: boolean;
  /** True while the AI is heard, is about to be, or is making something to be heard. */
  readonly isAiSpeaking: boolean;
  /** True while there is audio of the AI that the callee has not heard. */
  readonly isAiHeard: boolean;
  readonly isCalleeSpeaking: boolean;
  /** Opens the AI leg. */
  open(): void;
  /** Joins the carrier's stream; a later stream replaces an earlier one. */
  attach(stream: CarrierStream): void;
  /** Has the AI speak as soon as it may; never rejects. `onSounding`: the callee begins to hear it, or a part of it. */
  speak(request: SpeechRequest, onSounding?: () => void): Promise<SpeechOutcome>;
  /** Resolves when the model makes no more of a response, however it ended; at once for one that is unknown or over. */
  whenMade(responseId: string): Promise<void>;
  /** What becomes of a response that is being made or heard; `heard` for one that is unknown or over. */
  whenHeard(responseId: string): Promise<SpeechOutcome>;
  /** Silences the AI at once, the callee only what is not protected; returns whether it was speaking or about to. */
  interrupt(by: 'callee' | 'api'): boolean;
  takeTurns(by: TurnTaking): void;
  /** Tells the model something, as the system or on behalf of the callee; does not make it speak. */
  tell(role: 'system' | 'user', text: string): void;
  /** Gives the model the result of a tool; resolves when the model has it, or the line is closed. */
  answerTool(toolCallId: string, output: string): Promise<void>;
  /** Replaces the instructions from the next response on. */
  setInstructions(instructions: string): void;
  close(): void;
  /** Resolves when nothing more is reported, a bounded time after `close`. */
  whenSettled(): Promise<void>;
}

/** What a voice line reports. */
export interface VoiceLineListener {
  /** The AI can speak from now on. */
  onReady(): void;
  /** The callee can hear and be heard from now on. */
  onStreamStarted(): void;
  onCalleeStarted(): void;
  /** The callee has stopped; `cutIn` tells whether that speech interrupted the AI. */
  onCalleeStopped(speech: { readonly cutIn: boolean }): void;
  /** The AI begins to be heard, after silence. */
  onAiStarted(): void;
  /** The AI has been heard to the end, or was cut off, and has nothing in the making. */
  onAiQuiet(): void;
  onToolCall(call: ToolCall): void;
  /** A key that the callee pressed: one of 0-9 * # A-D. */
  onDigit(digit: string): void;
  /** The connection to the AI is gone; another one is on its way, or the line is reported as failed. */
  onAiLost(): void;
  /** The AI can speak again. */
  onAiResumed(): void;
  onEvent(event: ConversationEvent): void;
}

/** What became of a transfer. */
export type TransferOutcome =
  /** The callee talks to the other party; this line is no longer needed. */
  | { readonly status: 'bridged' }
  | { readonly status: 'failed'; readonly reason: string; readonly details?: EndDetails | undefined };

/** What an agent may do to its call. Commands reject with CarrierError. */
export interface CallControls {
  /** Milliseconds until the call reaches its maximum duration. */
  remainingMs(): number;
  /** Has the carrier's own voice say a sentence over the line. */
  speakByCarrier(text: string): Promise<void>;
  /** US dollars that the call may still cost; Infinity when nothing limits it. */
  remainingUsd(): number;
  /** Ends the call; the first verdict wins. */
  end(reason: EndReason, details?: EndDetails): void;
  /** Plays tones to the callee's side: 0-9 A-D * # and pauses w (0.5 s), W (1 s). */
  sendDigits(digits: string): Promise<void>;
  /** Connects the callee with somebody else, E.164 or SIP URI; one transfer at a time. */
  transfer(to: string): Promise<TransferOutcome>;
  /** Gives up a transfer that rings. */
  cancelTransfer(): void;
  report(event: ConversationEvent): void;
}

/** Makes the conversation of a call. */
export type OpenConversation = (call: Call, controls: CallControls) => Conversation;
