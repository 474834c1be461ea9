// The report of the load bench as text.

import type { LoadReport, Measurement, ModeReport, RampReport, SubjectSummary } from './load-report';
import { median } from './summary';
import { validityOf } from './validity';

type Column = { readonly summary: SubjectSummary; readonly runs: readonly Measurement[] };

const LABEL_WIDTH = 36;
const COLUMN_WIDTH = 32;

const FOOTER =
  'Latency is counted in bytes, from when a frame was sent, or a millisecond after it was due (the delay of the filter is not in it); the relay parses with JSON.parse, the server scans.';

/** The whole report. */
export function loadTable(report: LoadReport): string {
  const { cores, modes, ramps } = report;
  const pinning = cores
    ? `subject on core ${cores.subject}, generator on core ${cores.generator}`
    : 'not pinned: subject and generator share the cores';
  const tables = modes.map((mode) => modeTable(mode, report));
  return [`Load (${pinning})`, ...tables, ...ramps.map(rampLine), FOOTER, ''].join('\n');
}

/** One run in one line. */
export function measurementLine(run: Measurement): string {
  const { subject, mode, calls, latency, generator } = run;
  const p99Ms = [latency.toAi, latency.toPhone].map((figures) => fixed(figures.p99Ms, 1)).join(' / ');
  return (
    `${mode}, ${subject}, ${calls} calls: ${fixed(run.cpuMsPerCallSecond, 2)} ms/s per call, p99 ${p99Ms} ms, CPU ` +
    `${fixed(run.cpuPercent, 0)} %, of the generator ${fixed(generator.cpuPercent, 0)} %, of others ` +
    `${fixed(run.foreignCpuPercent, 0)} %`
  );
}

function modeTable(report: ModeReport, load: LoadReport): string {
  const { mode, server, relay, cpuRatio, runs } = report;
  const { calls, seconds } = load;
  const columns: Column[] = [
    { summary: server, runs: runs.filter((run) => run.subject === 'server') },
    { summary: relay, runs: runs.filter((run) => run.subject === 'relay') },
  ];
  const row = (label: string, text: (column: Column) => string, remark = ''): string =>
    line([label, ...columns.map(text), remark]);
  const { losses, flaws, doubts } = validityOf(report, load);
  return [
    '',
    line([`${mode}, ${calls} calls, ${seconds} s`, 'server', 'bare relay', '']),
    row('CPU per call, ms/s', ({ summary }) => fixed(summary.cpuMsPerCallSecond, 2), `ratio ${fixed(cpuRatio, 2)}`),
    row('CPU, % of a core', ({ summary }) => fixed(summary.cpuPercent, 1)),
    row('caller -> AI, p50/p95/p99/max ms', ({ summary }) => quantiles(summary.latency.toAi)),
    row('AI -> phone, p50/p95/p99/max ms', ({ summary }) => quantiles(summary.latency.toPhone)),
    row('RSS idle/before/during/after, MB', ({ summary }) => memoryText(summary)),
    row('RSS per call, KB', ({ summary }) => fixed(summary.memory.perCallKb, 0)),
    row('frames lost, to AI / to phone', ({ summary }) => lossText(summary)),
    row('frames extra, to AI / to phone', ({ summary }) => extraText(summary)),
    row('generator CPU %, late p50/p99 ms', (column) => generatorText(column.runs)),
    row('CPU of others, % of a core', (column) => foreignText(column.runs)),
    ...[...losses, ...flaws].map((reason) => `  VOID: ${reason}`),
    ...doubts.map((reason) => `  in doubt: ${reason}`),
    '',
  ].join('\n');
}

function memoryText({ memory: { idleMb, beforeMb, duringMb, afterMb } }: SubjectSummary): string {
  return [idleMb, beforeMb, duringMb, afterMb].map((value) => fixed(value, 0)).join(' / ');
}

function generatorText(runs: readonly Measurement[]): string {
  const cpuPercent = median(runs.map((run) => run.generator.cpuPercent));
  const p50Ms = median(runs.map((run) => run.generator.sendLatenessP50Ms));
  const p99Ms = median(runs.map((run) => run.generator.sendLatenessP99Ms));
  return `${fixed(cpuPercent, 0)}, ${fixed(p50Ms, 2)} / ${fixed(p99Ms, 2)}`;
}

function foreignText(runs: readonly Measurement[]): string {
  return runs.map((run) => fixed(run.foreignCpuPercent, 0)).join(', ');
}

function lossText({ lostFrames: { toAi, toPhone }, brokenLegs }: SubjectSummary): string {
  const counts = `${toAi} / ${toPhone}`;
  if (toAi === 0 && toPhone === 0 && brokenLegs === 0) return counts;
  return `${counts} FRAMES LOST${brokenLegs > 0 ? `, ${brokenLegs} LEGS BROKEN` : ''}`;
}

function extraText({ extraFrames: { toAi, toPhone } }: SubjectSummary): string {
  return `${toAi} / ${toPhone}${toAi + toPhone > 0 ? ' FRAMES NOBODY SENT' : ''}`;
}

function quantiles({ p50Ms, p95Ms, p99Ms, maxMs }: SubjectSummary['latency']['toAi']): string {
  return [p50Ms, p95Ms, p99Ms, maxMs].map((value) => fixed(value, 2)).join(' / ');
}

function rampLine({ subject, mode, mostCalls, limitedBy }: RampReport): string {
  return `Ramp, ${mode}, ${subject}: ${mostCalls} calls with p99 <= 20 ms and nothing lost; limited by ${limitedBy}`;
}

function fixed(value: number | null, digits: number): string {
  if (value === Infinity) return 'lost';
  return value === null ? 'n/a' : value.toFixed(digits);
}

function line([label = '', server = '', relay = '', remark = '']: readonly string[]): string {
  return `  ${label.padEnd(LABEL_WIDTH)}${server.padEnd(COLUMN_WIDTH)}${relay.padEnd(COLUMN_WIDTH)}${remark}`.trimEnd();
}
