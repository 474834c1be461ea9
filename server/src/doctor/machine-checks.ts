// Whether this machine can run the server: Node, memory, open files.

import type { Config } from '../config/config';
import { type Check, type Finding, ok, orOk, skipped, warn, fail } from './finding';
import type { System } from './system';

const MIN_NODE_MAJOR = 20;

const MEGABYTE = 1024 * 1024;
const MIN_MEMORY_BYTES = 256 * MEGABYTE;

// A call has two sockets; the database, the log and requests share the rest.
const SOCKETS_PER_CALL = 2;
const OTHER_FILES = 100;

/** The checks that need no settings. */
export function machineChecks(system: System): readonly Check[] {
  return [
    { name: 'Node.js', run: () => Promise.resolve([nodeFinding(system)]) },
    { name: 'memory', run: () => Promise.resolve([memoryFinding(system)]) },
  ];
}

/** Whether every call that is allowed can have its sockets. */
export function openFilesCheck({ openFilesLimit }: System, { maxConcurrentCalls }: Config['access']): Check {
  const needed = maxConcurrentCalls * SOCKETS_PER_CALL + OTHER_FILES;
  const run = (): readonly Finding[] => {
    if (openFilesLimit === undefined) return [skipped('the limit cannot be read on this system')];
    const found = `${openFilesLimit} allowed, ${needed} needed for MAX_CONCURRENT_CALLS=${maxConcurrentCalls}`;
    const problem = openFilesLimit < needed ? warn(found, 'Raise the limit (ulimit -n, LimitNOFILE=).') : undefined;
    return orOk([problem], found);
  };
  return { name: 'open files', run: () => Promise.resolve(run()) };
}

function nodeFinding({ nodeVersion }: System): Finding {
  const major = Number.parseInt(nodeVersion, 10);
  if (major >= MIN_NODE_MAJOR) return ok(nodeVersion);
  return fail(`${nodeVersion} is too old`, `Install Node.js ${MIN_NODE_MAJOR} or newer.`);
}

function memoryFinding({ memoryLimitBytes }: System): Finding {
  if (memoryLimitBytes === undefined) return ok('no limit');
  const found = `limit of ${Math.floor(memoryLimitBytes / MEGABYTE)} MB`;
  if (memoryLimitBytes >= MIN_MEMORY_BYTES) return ok(found);
  return warn(found, `Give the container ${MIN_MEMORY_BYTES / MEGABYTE} MB or more: 20 calls need about that.`);
}
