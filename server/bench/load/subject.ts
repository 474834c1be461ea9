// What is put under load: the built server as an operator starts it, or the bare relay; each its own process.

import { randomBytes } from 'node:crypto';
import { get } from 'node:http';
import { join } from 'node:path';
import { freePort } from '../../src/simulator/free-port';
import { BENCH_KEY } from './api-client';
import { Child } from './child';
import type { SubjectKind } from './generator-protocol';
import type { AudioMode } from './speech-frames';
import { startFlags } from './start-flags';

/** Arguments with which node runs a TypeScript file of the bench; the CommonJS hook needs no thread of its own. */
export const TYPESCRIPT_ARGS = ['--require', require.resolve('tsx/cjs')] as const;

/** How a subject is started. */
export type SubjectOptions = {
  readonly kind: SubjectKind;
  readonly mode: AudioMode;
  /** The built server's entry. */
  readonly serverEntry: string;
  /** Port of the simulated far ends. */
  readonly farEndsPort: number;
  /** A directory that may be filled. */
  readonly directory: string;
  /** More arguments of node, for a profile. */
  readonly nodeArgs: readonly string[];
  /** Told of the process before it is ready: it has to be stopped either way. */
  readonly onChild: (child: Child) => void;
};

/** How the built server is started. */
export type ServerOptions = Pick<SubjectOptions, 'serverEntry' | 'directory' | 'onChild'> & {
  readonly nodeArgs?: readonly string[];
  /** Environment variables that say where its far ends are, and more. */
  readonly settings: Readonly<Record<string, string>>;
};

/** A subject that is ready for calls. */
export type Subject = { readonly child: Child; readonly url: string; readonly spawnedAtMs: number };

const START_LIMIT_MS = 15_000;

/** Starts a subject. @throws Error with the end of its output when it does not come up */
export function startSubject(options: SubjectOptions): Promise<Subject> {
  return options.kind === 'server'
    ? startServer({ ...options, settings: farEndSettings(options) })
    : startRelay(options);
}

/** Starts the built server with settings of its far ends. @throws Error with the end of its output */
export async function startServer(options: ServerOptions): Promise<Subject> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const spawnedAtMs = performance.now();
  const child = new Child({
    name: 'server',
    args: [...startFlags(), ...(options.nodeArgs ?? []), options.serverEntry],
    role: 'subject',
    env: { PATH: process.env['PATH'] ?? '', ...ownSettings(options.directory, port), ...options.settings },
    // Away from the checkout, whose .env is not the bench's business.
    directory: options.directory,
    logFile: join(options.directory, 'server.log'),
    channel: 'none',
  });
  options.onChild(child);
  await child.until(() => isUp(`${url}/health`), START_LIMIT_MS);
  return { child, url, spawnedAtMs };
}

function farEndSettings({ mode, farEndsPort }: SubjectOptions): Record<string, string> {
  const farEnds = `http://127.0.0.1:${farEndsPort}`;
  return {
    TELNYX_API_KEY: 'bench-key',
    TELNYX_PUBLIC_KEY: randomBytes(32).toString('base64'),
    TELNYX_CONNECTION_ID: 'bench-connection',
    TELNYX_FROM_NUMBER: '+12025550199',
    TELNYX_BASE_URL: `${farEnds}/v2`,
    OPENAI_API_KEY: 'bench-key',
    OPENAI_BASE_URL: `${farEnds}/v1`,
    OPENAI_AUDIO_FORMAT: mode,
  };
}

function ownSettings(directory: string, port: number): Record<string, string> {
  return {
    PORT: String(port),
    BASE_PUBLIC_URL: `http://127.0.0.1:${port}`,
    LOG_LEVEL: 'warn',
    DATA_DIR: directory,
    // Limits of a real operation would limit the bench.
    MAX_CONCURRENT_CALLS: '10000',
    CALLS_PER_SECOND: '1000',
    CALLS_PER_DESTINATION_PER_HOUR: '10000',
    CALLS_PER_KEY_PER_DAY: '1000000',
    OVERLOAD_LAG_MS: '0',
    HOST: '127.0.0.1',
    API_KEYS: `bench:${BENCH_KEY}`,
    DRAIN_SECONDS: '0',
  };
}

async function startRelay({ farEndsPort, directory, nodeArgs, onChild }: SubjectOptions): Promise<Subject> {
  const spawnedAtMs = performance.now();
  const child = new Child({
    name: 'bare relay',
    args: [...nodeArgs, ...TYPESCRIPT_ARGS, join(__dirname, 'bare-relay.ts'), `ws://127.0.0.1:${farEndsPort}/v1`],
    role: 'subject',
    directory,
    logFile: join(directory, 'relay.log'),
    channel: 'ipc',
  });
  onChild(child);
  const { port } = (await child.next(START_LIMIT_MS)) as { readonly port: number };
  return { child, url: `http://127.0.0.1:${port}`, spawnedAtMs };
}

function isUp(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    get(url, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    }).once('error', () => resolve(false));
  });
}
