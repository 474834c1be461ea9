// What the soak found, as checks that hold or do not, and as a table.

import { fixed, textTable } from '../bench/table';
import type { StoredState } from './record-checks';
import type { MemoryTrend, Trend } from './samples';
import type { PlacedCall } from './traffic';

// Sockets that are kept for the next request, and the timers that go with them.
const RESOURCES_SPARE = 4;

// Calls come and go, and with them a megabyte or two.
const GROWTH_LIMIT_MB = 4;
const SHORTEST_TREND_MINUTES = 1.5;
const USED = 'heap and buffers over the last half';

/** All that was found. */
export type SoakFindings = {
  readonly seed: number;
  readonly minutes: number;
  readonly calls: readonly PlacedCall[];
  readonly kills: number;
  readonly recordFaults: readonly string[];
  readonly oddAnswers: readonly string[];
  readonly liveLegs: number;
  readonly liveSessions: number;
  readonly activeCalls: number;
  readonly stored: StoredState;
  /** Resources that the server holds beyond those it held before the first call. */
  readonly heldMore: Readonly<Record<string, number>>;
  readonly memory: MemoryTrend | null;
};

/** One thing that had to hold. */
export type Check = { readonly what: string; readonly found: string; readonly holds: 'yes' | 'NO' | 'not judged' };

/** Judges what was found. */
export function checksOf(findings: SoakFindings): readonly Check[] {
  const { stored, memory } = findings;
  const held = Object.entries(findings.heldMore);
  return [
    check('calls placed', String(findings.calls.length), { holds: findings.calls.length > 0 }),
    none('live legs at the carrier', findings.liveLegs),
    none('live realtime sessions', findings.liveSessions),
    none('active calls by REST', findings.activeCalls),
    none('unfinished records in the database', stored.unfinished),
    none('records without a verdict', stored.withoutVerdict),
    none('records whose leg may be up', stored.withLeg),
    none('timelines with gaps', stored.withGaps),
    none('records that are not as they must be', findings.recordFaults.length),
    none('odd answers of the API', findings.oddAnswers.length),
    check('resources held more than before', held.map(([kind, count]) => `${count} ${kind}`).join(', ') || '0', {
      holds: held.every(([, count]) => count <= RESOURCES_SPARE),
    }),
    ...memoryChecks(memory),
  ];
}

// What is in use tells of a leak, what is resident of the allocator as well: only the former is judged.
function memoryChecks(memory: MemoryTrend | null): readonly Check[] {
  if (memory === null) return [{ what: USED, found: 'too few samples', holds: 'not judged' }];
  const { minutes, usedMb, residentMb } = memory;
  const used = trendText(usedMb, minutes);
  return [
    minutes < SHORTEST_TREND_MINUTES
      ? { what: USED, found: used, holds: 'not judged' }
      : check(USED, used, { holds: usedMb.to - usedMb.from <= GROWTH_LIMIT_MB }),
    { what: 'resident over the last half', found: trendText(residentMb, minutes), holds: 'not judged' },
  ];
}

/** The checks and the calls by fault, as text. */
export function soakTable(findings: SoakFindings, checks: readonly Check[]): string {
  const { calls, kills, minutes, seed } = findings;
  const head = `${calls.length} calls in ${minutes} minutes, server killed ${kills} times, seed ${seed}\n`;
  const rows = checks.map(({ what, found, holds }) => [what, found, holds]);
  const faults = [...findings.recordFaults, ...findings.oddAnswers].slice(0, 40);
  return [
    head,
    textTable(['check', 'found', 'holds'], rows),
    textTable(['fault', 'calls', 'ended as'], byFault(calls)),
    ...faults,
  ].join('\n');
}

function byFault(calls: readonly PlacedCall[]): string[][] {
  const names = [...new Set(calls.map(({ plan }) => plan.faultName))].sort();
  return names.map((name) => {
    const ofFault = calls.filter(({ plan }) => plan.faultName === name);
    return [name, String(ofFault.length), endings(ofFault)];
  });
}

function endings(calls: readonly PlacedCall[]): string {
  const counts = new Map<string, number>();
  for (const { record } of calls) {
    const reason = textOf(record?.['endReason'], 'open');
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts].map(([reason, count]) => `${count} ${reason}`).join(', ');
}

function textOf(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}

function none(what: string, count: number): Check {
  return check(what, String(count), { holds: count === 0 });
}

function check(what: string, found: string, { holds }: { readonly holds: boolean }): Check {
  return { what, found, holds: holds ? 'yes' : 'NO' };
}

function trendText({ from, to, perMinute }: Trend, minutes: number): string {
  return `${fixed(from, 1)} -> ${fixed(to, 1)} MB in ${fixed(minutes, 1)} min (${fixed(perMinute, 2)} MB/min)`;
}
