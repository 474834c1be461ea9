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

/** How the carrier loses a media socket; with a time it connects again by itself, to the same address with the same token. */
export type StreamCut = { readonly reconnectsAfterMs?: number };

/** Faults in the caller's frames on the way to the server: every n-th frame sent twice, after its successor, or not. */
export type FrameFaults = {
  readonly duplicateEvery?: number;
  readonly swapEvery?: number;
  readonly dropEvery?: number;
};

/** Who has answered, by detection: the first six are premium's words, the other modes know human, machine, not_sure. */
export type DetectionResult =
  'human_residence' | 'human_business' | 'machine' | 'silence' | 'fax_detected' | 'not_sure' | 'human';

/** How a machine's announcement ended: the first two are premium's words. */
export type GreetingResult = 'beep_detected' | 'no_beep_detected' | 'ended' | 'not_sure';

/** What answering machine detection finds out. */
export type MachineFinding =
  | { readonly kind: 'detection'; readonly result: DetectionResult }
  | { readonly kind: 'greeting'; readonly result: GreetingResult };

/** A finding that comes `afterMs` after the answer if the dial asked for detection. */
export type MachineDetectionEvent = MachineFinding & { readonly afterMs: number };

/** On which ways a pressed key reaches the server: as a frame of the media stream, as a webhook, or as both. */
export type KeyPath = 'both' | 'stream' | 'webhook';

/** One thing that the callee does; waits that time out simply go on to the next step, as people do. */
export type PhoneStep =
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'wait-for-speech'; readonly timeoutMs?: number }
  | { readonly do: 'wait-for-silence'; readonly silenceMs: number; readonly timeoutMs?: number }
  /** Over at once if a clear came after the last such step, or after the beginning of the script. */
  | { readonly do: 'wait-for-clear'; readonly timeoutMs?: number }
  | { readonly do: 'wait-for-bridge'; readonly timeoutMs?: number }
  | { readonly do: 'say'; readonly clip: string }
  | { readonly do: 'tone'; readonly hz: number; readonly ms: number; readonly amplitude?: number }
  /** Presses one key or several, 150 ms apart; `via` is `both` by default. */
  | { readonly do: 'dtmf'; readonly digit: string; readonly via?: KeyPath }
  /** Detection finds something out now, if the dial asked for it. */
  | ({ readonly do: 'machine' } & MachineFinding)
  | { readonly do: 'hang-up' }
  | ({ readonly do: 'drop-stream' } & StreamCut)
  | { readonly do: 'stall' };

/** The whole behaviour of one callee; everything left out takes the ordinary course. */
export type PhoneScript = {
  /** Default: answer. */
  readonly outcome?: PhoneOutcome;
  /** Ringing time before the outcome, default 400; a no-answer without it rings until `timeout_secs`. */
  readonly ringMs?: number;
  /** Default: ok. */
  readonly stream?: StreamBehaviour;
  /** How the streams come about that follow one that was open; default: ok. */
  readonly restarts?: StreamBehaviour;
  /** Overrides the codec of caller frames, whatever the server asked for. */
  readonly encoding?: LineEncoding;
  /** Byte order of L16 both ways, default little: the documents leave it open. */
  readonly l16ByteOrder?: ByteOrder;
  readonly frames?: FrameFaults;
  /** How long each frame of the media socket travels, either way; default 0. Their order stays. */
  readonly networkDelayMs?: number;
  /**
   * What detection finds when it is asked for; an empty list never decides. Default: a human, after one second, unless
   * there are `machine` steps.
   */
  readonly machineDetection?: readonly MachineDetectionEvent[];
  /** Loses call.bridged of both legs when this phone answers a transfer. */
  readonly losesBridgedWebhook?: true;
  /** Run once, from the moment the first stream has started or, at the other end of a transfer, from the bridging. */
  readonly steps?: readonly PhoneStep[];
};

/** The tone after which an answering machine records. */
export const MACHINE_BEEP: PhoneStep = { do: 'tone', hz: 1_000, ms: 400, amplitude: 0.5 };

/** Ringing time of a script that does not say. */
export const DEFAULT_RING_MS = 400;
