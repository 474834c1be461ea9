// What the kernel says about a process: CPU time and resident memory. Linux only; null elsewhere.

import { readdirSync, readFileSync } from 'node:fs';

// USER_HZ, which every Linux that Node runs on fixes at 100.
const MS_PER_TICK = 10;

const BYTES_PER_KB = 1024;
const BYTES_PER_MB = 1024 * 1024;

/** CPU time, user and system, that a process has used; null without /proc. */
export function cpuTimeMs(pid: number): number | null {
  const ticks = timesOf(String(pid));
  return ticks === undefined ? null : (ticks.user + ticks.system) * MS_PER_TICK;
}

/** Resident memory of a process in MB (2^20 bytes); null without /proc. */
export function residentMb(pid: number): number | null {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readProc(`/proc/${pid}/status`) ?? '');
  return line ? (Number(line[1]) * BYTES_PER_KB) / BYTES_PER_MB : null;
}

/** The cores that this process may use, in order; none without /proc. */
export function allowedCores(): number[] {
  const list = /^Cpus_allowed_list:\s+(\S+)$/m.exec(readProc('/proc/self/status') ?? '')?.[1];
  return list === undefined ? [] : coresOf(list);
}

/** Reads a list of cores as the kernel writes it, such as `0-3,8`. */
export function coresOf(list: string): number[] {
  return list.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/**
 * CPU time of all processes but the given ones, and what the host gave to other machines meanwhile (steal); null without
 * /proc. Sums over processes, since the kernel's own sum is sampled and far off for processes that wake up a thousand
 * times a second.
 */
export function cpuTimeOfOthersMs(pids: readonly number[]): number | null {
  const ours = new Set([...pids, process.pid].map(String));
  const others = listProc().filter((name) => /^\d+$/.test(name) && !ours.has(name));
  if (others.length === 0) return null;
  let ticks = stolenTicks();
  for (const pid of others) {
    const times = timesOf(pid);
    // What a child used goes over to its parent when it ends.
    if (times) ticks += times.user + times.system + times.childrenUser + times.childrenSystem;
  }
  return ticks * MS_PER_TICK;
}

/** Summed over all cores. */
function stolenTicks(): number {
  // cpu  user nice system idle iowait irq softirq steal
  return Number(/^cpu {2}(?:\d+ ){7}(\d+)/.exec(readProc('/proc/stat') ?? '')?.[1] ?? 0);
}

type Times = {
  readonly user: number;
  readonly system: number;
  readonly childrenUser: number;
  readonly childrenSystem: number;
};

function timesOf(pid: string): Times | undefined {
  const stat = readProc(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The name of the program stands in brackets and may contain anything; utime is field 14, state after the name is 3.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields.slice(11, 15).map(Number);
  return { user, system, childrenUser, childrenSystem };
}

function listProc(): string[] {
  try {
    return readdirSync('/proc');
  } catch {
    // No Linux.
    return [];
  }
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // No Linux, or the process is gone.
    return undefined;
  }
}
