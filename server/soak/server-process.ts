// The built server as a child process that can be killed and started again on the same data and the same address.

import { join } from 'node:path';
import { Child } from '../bench/load/child';
import { startFlags } from '../bench/load/start-flags';
import { farEndSettings } from '../src/simulator/far-end-settings';
import { freePort } from '../src/simulator/free-port';
import type { Simulators } from './faults';

const START_LIMIT_MS = 20_000;
const PROBE_LIMIT_MS = 10_000;
const PROBE = join(__dirname, 'resource-probe.cjs');

/** What the server holds at a moment, by kind, and the heap and the buffers in use after a collection. */
export type Resources = { readonly held: Readonly<Record<string, number>>; readonly memoryBytes: number };

/** Which server is started, and on what. */
export type ServerOptions = {
  readonly far: Simulators;
  /** The built server's main file. */
  readonly entry: string;
  /** For its data and its log. */
  readonly directory: string;
  /** PostgreSQL; SQLite in `directory` unless given. */
  readonly databaseUrl?: string | undefined;
};

/** The server under the soak. */
export class ServerProcess {
  readonly url: string;
  readonly #port: number;
  readonly #options: ServerOptions;
  #child: Child | undefined;
  #lives = 0;

  private constructor(port: number, options: ServerOptions) {
    this.url = `http://127.0.0.1:${port}`;
    this.#port = port;
    this.#options = options;
  }

  /** Starts a server. */
  static async start(options: ServerOptions): Promise<ServerProcess> {
    const server = new ServerProcess(await freePort(), options);
    await server.#spawn();
    return server;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** How often it was started. */
  get lives(): number {
    return this.#lives;
  }

  /** Ends it as a crash or the kernel would, and starts it again `pauseMs` later. */
  async killAndRestart(pauseMs: number): Promise<void> {
    process.kill(this.pid, 'SIGKILL');
    await this.#child?.stop();
    await new Promise((resolve) => void setTimeout(resolve, pauseMs));
    await this.#spawn();
  }

  /** Asks what it holds. */
  async resources(): Promise<Resources> {
    const answer = this.#child?.next(PROBE_LIMIT_MS);
    this.#child?.send({ kind: 'resources' });
    return (await answer) as Resources;
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    await this.#child?.stop();
  }

  async #spawn(): Promise<void> {
    const { directory, entry } = this.#options;
    this.#child = new Child({
      name: 'server',
      args: [...startFlags(), '--expose-gc', '--require', PROBE, entry],
      role: 'subject',
      env: { PATH: process.env['PATH'] ?? '', ...this.#settings() },
      directory,
      logFile: join(directory, 'server.log'),
      channel: 'ipc',
    });
    this.#lives += 1;
    await this.#child.until(() => isUp(this.url), START_LIMIT_MS);
  }

  #settings(): Record<string, string> {
    const { far, directory, databaseUrl } = this.#options;
    return {
      ...farEndSettings(far.telnyx, far.openai),
      ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
      PORT: String(this.#port),
      BASE_PUBLIC_URL: this.url,
      LOG_LEVEL: 'warn',
      DATA_DIR: directory,
      MAX_CONCURRENT_CALLS: '1000',
      CALLS_PER_SECOND: '1000',
      CALLS_PER_DESTINATION_PER_HOUR: '10000',
      TRANSFERS_PER_DESTINATION_PER_HOUR: '10000',
      CALLS_PER_KEY_PER_DAY: '1000000',
      ALLOW_PRIVATE_URLS: 'true',
      DRAIN_SECONDS: '2',
    };
  }
}

async function isUp(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health`)).ok;
  } catch {
    // Not yet.
    return false;
  }
}
