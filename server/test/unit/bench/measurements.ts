// Runs and reports of the load bench, good in every way but for what a test says.

import type { LoadReport, Measurement } from '../../../bench/load/load-report';
import { summarise } from '../../../bench/load/summary';

type Told = Partial<Pick<Measurement, 'cpuMsPerCallSecond' | 'foreignCpuPercent' | 'brokenLegs' | 'subject'>> & {
  readonly p50Ms?: number | null;
  readonly lostFrames?: number;
  readonly extraFrames?: number;
  readonly generatorCpuPercent?: number;
  readonly latenessMs?: number;
};

/** A run; latencies, losses and extra frames are those of both ways. */
export function measurement(told: Told = {}): Measurement {
  const { p50Ms = 0.3, lostFrames = 0, extraFrames = 0, generatorCpuPercent = 20, latenessMs = 1, ...others } = told;
  const latency = { count: p50Ms === null ? 0 : 1000, p50Ms, p95Ms: p50Ms, p99Ms: p50Ms, maxMs: p50Ms };
  const frames = { sent: 1000, received: 1000 - lostFrames + extraFrames, lost: lostFrames, extra: extraFrames };

  return {
    subject: 'server',
    mode: 'pcm16',
    calls: 200,
    seconds: 15,
    cpuMsPerCallSecond: 2,
    cpuPercent: 40,
    foreignCpuPercent: 1,
    memory: { idleMb: 60, beforeMb: 70, duringMb: 90, afterMb: 72, perCallKb: 100 },
    latency: { toAi: latency, toPhone: latency },
    generator: {
      cpuPercent: generatorCpuPercent,
      loopDelayP99Ms: 1,
      sendLatenessP50Ms: latenessMs,
      sendLatenessP99Ms: latenessMs,
    },
    frames: { toAi: frames, toPhone: frames },
    lostFrames: { toAi: lostFrames, toPhone: lostFrames },
    extraFrames: { toAi: extraFrames, toPhone: extraFrames },
    brokenLegs: [],
    ...others,
  };
}

/** A report of one run of the server and one of the relay, in one mode. */
export function loadReport(server: Told, about: Partial<Pick<LoadReport, 'calls' | 'cores'>> = {}): LoadReport {
  const runs = { server: measurement(server), relay: measurement({ subject: 'relay' }) };

  return {
    calls: 200,
    seconds: 15,
    cores: { subject: 1, generator: 0 },
    modes: [
      {
        mode: 'pcm16',
        server: summarise([runs.server]),
        relay: summarise([runs.relay]),
        cpuRatio: 1,
        runs: [runs.relay, runs.server],
      },
    ],
    ramps: [],
    ...about,
  };
}
