// What the bench and its generator process say to each other over the IPC channel: one command, one answer.

import type { LatencyFigures } from './latencies';
import type { AudioMode } from './speech-frames';

/** Which kind of process is under load. */
export type SubjectKind = 'server' | 'relay';

/** What the generator is told to do. */
export type GeneratorCommand =
  | {
      readonly kind: 'open';
      readonly subject: SubjectKind;
      /** http URL of the subject. */
      readonly url: string;
      readonly mode: AudioMode;
      readonly calls: number;
      readonly callsPerSecond: number;
      /** How many frames the window will see in each direction, for its memory. */
      readonly expectedFrames: number;
    }
  | { readonly kind: 'begin-window' }
  | { readonly kind: 'end-window' }
  | { readonly kind: 'close' };

/** How the generator itself fared: when it is saturated, the figures are its own. */
export type GeneratorLoad = {
  readonly cpuPercent: number;
  readonly loopDelayP99Ms: number;
  /** How long after their moment frames left; part of every latency. Null when none did. */
  readonly sendLatenessP50Ms: number | null;
  readonly sendLatenessP99Ms: number | null;
};

/** Something that both directions have: caller to AI, and AI to phone. */
export type BothWays<T> = { readonly toAi: T; readonly toPhone: T };

/** What was measured in the window. */
export type WindowFigures = {
  readonly latency: BothWays<LatencyFigures>;
  readonly generator: GeneratorLoad;
};

/** Frames of one direction, over the whole life of the calls. */
export type FrameCounts = {
  readonly sent: number;
  readonly received: number;
  /** Sent and never received, summed over the calls. */
  readonly lost: number;
  /** Received before they can have been sent: audio that was doubled or made up. */
  readonly extra: number;
};

/** What became of the frames and the calls. */
export type ClosingFigures = {
  readonly frames: BothWays<FrameCounts>;
  /** Why legs ended that should not have. */
  readonly brokenLegs: readonly string[];
};

/** What the generator answers. */
export type GeneratorAnswer =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'done' }
  | { readonly kind: 'measured'; readonly figures: WindowFigures }
  | { readonly kind: 'closed'; readonly figures: ClosingFigures }
  | { readonly kind: 'failed'; readonly message: string };
