// What a conversation reports to its call: who said what, how long it took, what it cost, what went wrong. Plain data.

import type { CallUsage } from './call';
import type { Charge } from './cost';
import type { EndCall, EndDetails } from './end-call';
import type { SpeechOutcome } from './speech';

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

/** Who is heard at this moment. */
export type Talking = 'callee' | 'assistant' | 'both' | 'nobody';

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
  | { readonly type: 'usage.added'; readonly usage: CallUsage; readonly charge: Charge }
  | { readonly type: 'cost.ending'; readonly spentUsd: number; readonly step: 'warning' | 'goodbye' }
  /** The AI's connection is gone, and another one is being opened. */
  | { readonly type: 'ai.lost'; readonly reason: string; readonly details: EndDetails }
  /** The conversation goes on over another connection, after so many tries. */
  | { readonly type: 'ai.resumed'; readonly sessionId: string; readonly afterMs: number; readonly tries: number }
  /** The session was near its end and was replaced by another one without a pause. */
  | { readonly type: 'ai.handed-over'; readonly sessionId: string }
  | { readonly type: 'filler.spoken'; readonly afterMs: number }
  | ({ readonly type: 'media.measured' } & MediaStats)
  | { readonly type: 'stream.stopped' }
  | { readonly type: 'stream.lost'; readonly closeCode: number }
  | { readonly type: 'conversation.failed'; readonly verdict: EndCall };
