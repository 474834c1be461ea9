// Child processes of the bench: pinned to a core where that is possible, and never left behind.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { Cores } from './load-report';
import { allowedCores } from './process-stat';

/** How a child is started. */
export type ChildOptions = {
  readonly name: string;
  /** Arguments of node. */
  readonly args: readonly string[];
  /** Decides about its core. */
  readonly role: keyof Cores;
  /** The whole environment; undefined means ours. */
  readonly env?: Readonly<Record<string, string>>;
  readonly directory?: string;
  /** Where its output goes. */
  readonly logFile: string;
  /** Whether messages can be exchanged. */
  readonly channel: 'ipc' | 'none';
};

const TASKSET = ['/usr/bin/taskset', '/bin/taskset'].find((path) => existsSync(path));
const STOP_LIMIT_MS = 8_000;
const LOG_TAIL_CHARACTERS = 1_500;

// What is waited for is measured, too.
const POLL_MS = 10;

/** The core of the subject, and the one of what loads it; null where there are not two that we may use. */
export const CORES: Cores | null = TASKSET === undefined ? null : chosenCores();

// A limit that was not reached keeps nobody waiting.
const UNREFERENCED = { ref: false };

const alive = new Set<ChildProcess>();

process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

/** A process that the bench started. */
export class Child {
  readonly #name: string;
  readonly #logFile: string;
  readonly #process: ChildProcess;
  readonly #exited: Promise<void>;

  constructor({ name, args, role, env, directory, logFile, channel }: ChildOptions) {
    this.#name = name;
    this.#logFile = logFile;
    const log = openSync(logFile, 'a');
    const node = [process.execPath, ...args];
    // taskset replaces itself by the program: the pid stays the same.
    const [command = '', ...rest] = CORES && TASKSET ? [TASKSET, '-c', String(CORES[role]), ...node] : node;
    this.#process = spawn(command, rest, {
      cwd: directory,
      env,
      stdio: ['ignore', log, log, channel === 'ipc' ? 'ipc' : 'ignore'],
      // JSON knows no Infinity, which is the latency of a lost frame.
      serialization: 'advanced',
    });
    closeSync(log);
    alive.add(this.#process);
    this.#exited = new Promise((resolve) => {
      this.#process.once('exit', () => {
        alive.delete(this.#process);
        resolve();
      });
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Sends a message over IPC; one that has just ended does not get it. */
  send(message: object): void {
    this.#process.send?.(message, () => undefined);
  }

  /** The next message over IPC. @throws Error when the process ends or is silent for too long */
  async next(limitMs: number): Promise<unknown> {
    let onMessage: (message: unknown) => void = () => undefined;
    const message = new Promise<unknown>((resolve) => {
      onMessage = resolve;
      this.#process.once('message', onMessage);
    });
    try {
      return await Promise.race([message, this.#failure(limitMs)]);
    } finally {
      this.#process.off('message', onMessage);
    }
  }

  /** Waits until `check` holds. @throws Error when the process ends or it takes too long */
  async until(check: () => Promise<boolean>, limitMs: number): Promise<void> {
    const failure = this.#failure(limitMs);
    while (!(await Promise.race([check(), failure]))) await Promise.race([wait(POLL_MS), failure]);
  }

  /** Asks it to end, and insists. */
  async stop(): Promise<void> {
    this.#process.kill('SIGTERM');
    await Promise.race([this.#exited, wait(STOP_LIMIT_MS, undefined, UNREFERENCED)]);
    this.#process.kill('SIGKILL');
    await this.#exited;
  }

  async #failure(limitMs: number): Promise<never> {
    const end = await Promise.race([this.#exited.then(() => 'ended'), wait(limitMs, 'did not answer', UNREFERENCED)]);
    const tail = readFileSync(this.#logFile, 'utf8').slice(-LOG_TAIL_CHARACTERS);
    throw new Error(`The ${this.#name} ${end}. The end of its output:\n${tail}`);
  }
}

function chosenCores(): Cores | null {
  const [generator, subject] = allowedCores();
  return generator === undefined || subject === undefined ? null : { subject, generator };
}
