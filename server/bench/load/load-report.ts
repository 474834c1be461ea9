// The figures of the load bench: plain data, the same in JSON.

import type { BothWays, ClosingFigures, SubjectKind, WindowFigures } from './generator-protocol';
import type { LatencyFigures } from './latencies';
import type { AudioMode } from './speech-frames';
import type { TrafficFigures } from '../mixed/traffic-protocol';

/** Resident memory of the subject, MB of 2^20 bytes; null where it was not measured. */
export type MemoryFigures = {
  /** After the start, before any call. */
  readonly idleMb: number | null;
  /** After one call, when everything that is loaded late has been. */
  readonly beforeMb: number | null;
  /** The most in the window. */
  readonly duringMb: number | null;
  /** Some seconds after the last call. */
  readonly afterMb: number | null;
  /** (during - before) / calls. */
  readonly perCallKb: number | null;
};

/** One run of one subject. */
export type Measurement = WindowFigures &
  ClosingFigures & {
    readonly subject: SubjectKind;
    readonly mode: AudioMode;
    readonly calls: number;
    readonly seconds: number;
    /** CPU time of the subject per call, ms in each second; null without /proc. */
    readonly cpuMsPerCallSecond: number | null;
    /** CPU time of the subject for all calls, percent of one core. */
    readonly cpuPercent: number | null;
    /** What everybody else on the machine used meanwhile, percent of one core: noise. */
    readonly foreignCpuPercent: number | null;
    readonly memory: MemoryFigures;
    /** Frames sent and not received. 0 is the only good figure. */
    readonly lostFrames: BothWays<number>;
    /** Frames received that nobody had sent. 0 is the only good figure. */
    readonly extraFrames: BothWays<number>;
    /** What became of the REST traffic beside the calls, where there was any. */
    readonly traffic?: TrafficFigures | undefined;
  };

/** Medians over the runs of one subject; maxima and losses are of all runs. */
export type SubjectSummary = {
  readonly cpuMsPerCallSecond: number | null;
  readonly cpuPercent: number | null;
  readonly latency: BothWays<Omit<LatencyFigures, 'count'>>;
  readonly memory: MemoryFigures;
  readonly lostFrames: BothWays<number>;
  readonly extraFrames: BothWays<number>;
  readonly brokenLegs: number;
};

/** The server beside the yardstick, in one mode. */
export type ModeReport = {
  readonly mode: AudioMode;
  readonly server: SubjectSummary;
  readonly relay: SubjectSummary;
  /** CPU per call, server / relay: the median over the rounds, in each of which both ran one after the other. */
  readonly cpuRatio: number | null;
  readonly runs: readonly Measurement[];
};

/** How far one subject goes. */
export type RampReport = {
  readonly subject: SubjectKind;
  readonly mode: AudioMode;
  /** The most calls with nothing lost and p99 within the limit both ways; 0 when no step was good. */
  readonly mostCalls: number;
  /** Why it went no further. */
  readonly limitedBy: 'latency' | 'losses' | 'the generator' | 'failure' | 'end of the ramp';
  readonly steps: readonly Measurement[];
};

/** A core for the subject and one for what loads it. */
export type Cores = { readonly subject: number; readonly generator: number };

/** Everything that the load bench found out. */
export type LoadReport = {
  readonly calls: number;
  readonly seconds: number;
  /** The core that each had for itself; null when they shared all. */
  readonly cores: Cores | null;
  readonly modes: readonly ModeReport[];
  readonly ramps: readonly RampReport[];
};
