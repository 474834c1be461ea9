// The Call aggregate: plain readonly data about one call, and the functions that derive the next version of it.

import type { CallBehaviour } from './behaviour';
import type { CallStatus } from './call-state';
import type { EndCall } from './end-call';

/** Longest instructions of a call, characters: they are paid for with every response. */
export const MAX_INSTRUCTIONS = 16_000;

/** What a caller of the API asks for, after validation and with defaults filled in. */
export type CallRequest = {
  /** Destination, E.164. */
  readonly to: string;
  /** Caller id, E.164. */
  readonly from: string;
  readonly instructions: string;
  readonly voice: string;
  /** Exact words to open with; without them the model opens by the instructions. */
  readonly greeting?: string | undefined;
  readonly maxDurationSeconds: number;
  readonly behaviour: CallBehaviour;
  readonly metadata: Readonly<Record<string, string>>;
  /** The user's endpoint that is told of each status change. */
  readonly statusCallbackUrl?: string | undefined;
  /** What the AI may cost, US dollars: near it, the AI says goodbye. Undefined for no limit. */
  readonly maxCostUsd?: number | undefined;
  /** True when the audio is kept. */
  readonly isRecorded: boolean;
  /** Name of the API key that asked; undefined for this machine itself, and for calls of before keys had names. */
  readonly placedBy?: string | undefined;
};

/** When things happened, epoch milliseconds. */
export type CallTimings = {
  readonly createdAtMs: number;
  readonly initiatedAtMs?: number | undefined;
  readonly ringingAtMs?: number | undefined;
  readonly answeredAtMs?: number | undefined;
  readonly endedAtMs?: number | undefined;
};

/** Tokens used and their price so far. `costUsd` is null when the model has no entry in the price table. */
export type CallUsage = {
  readonly responses: number;
  readonly inputTextTokens: number;
  readonly inputAudioTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTextTokens: number;
  readonly outputAudioTokens: number;
  readonly costUsd: number | null;
};

/** The audio that was kept of a call. `failed`: there is none, or only the beginning of it. */
export type CallRecording = {
  readonly state: 'ready' | 'failed';
  readonly durationMs: number;
  readonly bytes: number;
};

/** One call and everything that is known about it. */
export type Call = CallRequest & {
  /** Our id, a UUID. */
  readonly callId: string;
  readonly status: CallStatus;
  readonly carrierCallId?: string | undefined;
  readonly timings: CallTimings;
  readonly usage: CallUsage;
  /** What the carrier has charged so far, US dollars; undefined as long as it has not said. */
  readonly carrierCostUsd?: number | undefined;
  /** True from the beginning, as a dial may be under way; false when certainly no leg is up at the carrier. */
  readonly mayHaveLeg: boolean;
  readonly recording?: CallRecording | undefined;
  readonly verdict?: EndCall | undefined;
};

/** Usage of a call that has used nothing yet. */
export const NO_USAGE: CallUsage = {
  responses: 0,
  inputTextTokens: 0,
  inputAudioTokens: 0,
  cachedInputTokens: 0,
  outputTextTokens: 0,
  outputAudioTokens: 0,
  costUsd: 0,
};

/** Makes a new call in status `queued`. */
export function createCall(callId: string, request: CallRequest, createdAtMs: number): Call {
  return { ...request, callId, status: 'queued', timings: { createdAtMs }, usage: NO_USAGE, mayHaveLeg: true };
}

/** The call after it moved to `status`; stamps the timing that belongs to it, once. */
export function withStatus(call: Call, status: CallStatus, atMs: number): Call {
  return { ...call, status, timings: stamp(call.timings, status, atMs) };
}

/** Adds the usage of one more response; an unpriced part makes the whole cost unknown. */
export function addUsage(total: CallUsage, part: CallUsage): CallUsage {
  return {
    responses: total.responses + part.responses,
    inputTextTokens: total.inputTextTokens + part.inputTextTokens,
    inputAudioTokens: total.inputAudioTokens + part.inputAudioTokens,
    cachedInputTokens: total.cachedInputTokens + part.cachedInputTokens,
    outputTextTokens: total.outputTextTokens + part.outputTextTokens,
    outputAudioTokens: total.outputAudioTokens + part.outputAudioTokens,
    costUsd: total.costUsd === null || part.costUsd === null ? null : total.costUsd + part.costUsd,
  };
}

function stamp(timings: CallTimings, status: CallStatus, atMs: number): CallTimings {
  switch (status) {
    case 'queued':
      return timings;
    case 'initiated':
      return { ...timings, initiatedAtMs: atMs };
    case 'ringing':
      return { ...timings, initiatedAtMs: timings.initiatedAtMs ?? atMs, ringingAtMs: atMs };
    case 'in-progress':
      return { ...timings, answeredAtMs: atMs };
    default:
      return { ...timings, endedAtMs: atMs };
  }
}
