/**
 * What a simulated callee does, as data: how the phone is answered, how its media stream behaves, and the steps the
 * person at the other end goes through. script-runner.ts performs the steps.
 */

/** How the call attempt ends up. */
export type PhoneOutcome = 'answer' | 'busy' | 'no-answer' | 'reject' | 'not-found';

/** The codec that `start.media_format` announces; G722 carries placeholder bytes, since nothing here encodes it. */
export type LineEncoding = 'PCMU' | 'PCMA' | 'L16' | 'G722';

/** Which byte of a 16-bit sample comes first. */
export type ByteOrder = 'little' | 'big';

/** How the carrier's media socket comes about; `times` is the number of attempts affected (default: all of them). */
export type StreamBehaviour =
  | { readonly kind: 'ok' }
  | { readonly kind: 'fails'; readonly times?: number; readonly reason?: string }
  | { readonly kind: 'never'; readonly times?: number }
  | { readonly kind: 'late'; readonly afterMs: number };

/** Faults in the caller's frames on the way to the server: every n-th frame sent twice, after its successor, or not. */
export type FrameFaults = {
  readonly duplicateEvery?: number;
  readonly swapEvery?: number;
  readonly dropEvery?: number;
};

/** One event of answering machine detection, sent `afterMs` after the answer if the dial asked for detection. */
export type MachineDetectionEvent = {
  readonly afterMs: number;
  readonly kind: 'detection' | 'greeting';
  readonly result: string;
};

/** One thing that the callee does; waits that time out simply go on to the next step, as people do. */
export type PhoneStep =
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'wait-for-speech'; readonly timeoutMs?: number }
  | { readonly do: 'wait-for-silence'; readonly silenceMs: number; readonly timeoutMs?: number }
  | { readonly do: 'say'; readonly clip: string }
  | { readonly do: 'tone'; readonly hz: number; readonly ms: number; readonly amplitude?: number }
  | { readonly do: 'dtmf'; readonly digit: string }
  | { readonly do: 'hang-up' }
  | { readonly do: 'drop-stream' }
  | { readonly do: 'stall' };

/** The whole behaviour of one callee; everything left out takes the ordinary course. */
export type PhoneScript = {
  /** Default: answer. */
  readonly outcome?: PhoneOutcome;
  /** Ringing time before the outcome, default 400; a no-answer without it rings until `timeout_secs`. */
  readonly ringMs?: number;
  /** Default: ok. */
  readonly stream?: StreamBehaviour;
  /** Overrides the codec of caller frames, whatever the server asked for. */
  readonly encoding?: LineEncoding;
  /** Byte order of L16 both ways, default little: the documents leave it open. */
  readonly l16ByteOrder?: ByteOrder;
  readonly frames?: FrameFaults;
  /** Default when detection is asked for: a human, after one second. */
  readonly machineDetection?: readonly MachineDetectionEvent[];
  /** Run once, from the moment the first stream has started. */
  readonly steps?: readonly PhoneStep[];
};

/** Ringing time of a script that does not say. */
export const DEFAULT_RING_MS = 400;
