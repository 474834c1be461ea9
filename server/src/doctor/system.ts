// What this machine gives the process: versions, memory, open files, disk. Whatever cannot be read here is undefined.

import { existsSync, readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';

/** The machine as far as it matters to the server. */
export type System = {
  readonly nodeVersion: string;
  /** What the container may use; undefined without a limit. */
  readonly memoryLimitBytes: number | undefined;
  /** How many files and sockets the process may have open. */
  readonly openFilesLimit: number | undefined;
  readonly isContainer: boolean;
  /** What is free on the disk of a folder. */
  readonly freeBytes: (folder: string) => Promise<number>;
};

// cgroup v2, then v1. Without a limit the one says max, the other a number that no machine has.
const MEMORY_LIMIT_FILES = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes'];
const NO_LIMIT_BYTES = 2 ** 50;

const CONTAINER_MARKS = ['/.dockerenv', '/run/.containerenv', '/var/run/secrets/kubernetes.io'];

/** This machine. */
export function thisSystem(): System {
  return {
    nodeVersion: process.versions.node,
    memoryLimitBytes: memoryLimit(),
    openFilesLimit: openFilesLimit(),
    isContainer: CONTAINER_MARKS.some((path) => existsSync(path)),
    freeBytes: async (folder) => {
      const { bavail, bsize } = await statfs(folder);
      return bavail * bsize;
    },
  };
}

function memoryLimit(): number | undefined {
  const texts = MEMORY_LIMIT_FILES.map(textOf);
  const bytes = texts.map((text) => Number.parseInt(text, 10)).find((limit) => limit > 0);
  return bytes === undefined || bytes >= NO_LIMIT_BYTES ? undefined : bytes;
}

function openFilesLimit(): number | undefined {
  const [, soft] = /^Max open files\s+(\d+)/m.exec(textOf('/proc/self/limits')) ?? [];
  return soft === undefined ? undefined : Number(soft);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    // Not this kind of system.
    return '';
  }
}
