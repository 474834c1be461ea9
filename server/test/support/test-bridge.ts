// The whole server, composed as in production, between a simulated phone network and a simulated AI. Everything is on
// a free port and everything is closed again.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, compose, type ComposeOptions } from '../../src/app/compose';
import { type RunningServer, start } from '../../src/app/lifecycle';
import { SYSTEM_CLOCK } from '../../src/app/system-clock';
import type { Call } from '../../src/calls/call';
import type { CallWatcher, TimelineEntry } from '../../src/calls/record-ports';
import { loadConfig } from '../../src/config/config';
import { SILENT_LOGGER } from '../../src/observability/logger';
import { farEndSettings } from '../../src/simulator/far-end-settings';
import { freePort } from '../../src/simulator/free-port';
import { SimulatedOpenai } from '../../src/simulator/simulated-openai/simulated-openai';
import { SimulatedTelnyx, type SimulatedTelnyxOptions } from '../../src/simulator/simulated-telnyx/simulated-telnyx';
import { clip } from '../../src/simulator/voices/voices';
import { CountingClock } from './counting-clock';
import { until } from './until';

/** What differs from an ordinary server. */
export type TestBridgeOptions = {
  readonly env?: Readonly<Record<string, string>>;
  readonly compose?: Partial<ComposeOptions>;
  readonly telnyx?: SimulatedTelnyxOptions;
};

/** An answer of the API. */
export type Answer = { readonly status: number; readonly body: Record<string, unknown>; readonly headers: Headers };

/** The server under test with both of its far ends. */
export class TestBridge implements CallWatcher {
  readonly telnyx: SimulatedTelnyx;
  readonly openai: SimulatedOpenai;
  readonly entries: TimelineEntry[] = [];
  readonly #dataDir = mkdtempSync(join(tmpdir(), 'ai-calls-test-'));
  #app: App | undefined;
  #server: RunningServer | undefined;
  #clock: CountingClock | undefined;

  private constructor(telnyx: SimulatedTelnyx, openai: SimulatedOpenai) {
    this.telnyx = telnyx;
    this.openai = openai;
  }

  static async start(options: TestBridgeOptions = {}): Promise<TestBridge> {
    const telnyx = await SimulatedTelnyx.start({ clip: (name) => clip(name, 8000), ...options.telnyx });
    const bridge = new TestBridge(telnyx, await SimulatedOpenai.start());
    await bridge.#startServer(options);
    return bridge;
  }

  get url(): string {
    return this.#server!.url;
  }

  get app(): App {
    return this.#app!;
  }

  onEntry(entry: TimelineEntry, _call: Call): void {
    this.entries.push(entry);
  }

  /** Sends a request to the API; a body that is not text goes as JSON. */
  async request(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
      body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await response.text();
    const parsed = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    return { status: response.status, body: parsed, headers: response.headers };
  }

  /** Places a call and returns its id. */
  async place(body: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const answer = await this.request('POST', '/api/ai-calls/create', { to: '+12025550123', ...body });
    if (answer.status !== 201) throw new Error(`create answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return String(answer.body['callId']);
  }

  /** The call as the API shows it. */
  async call(callId: string): Promise<Record<string, unknown>> {
    return (await this.request('GET', `/api/ai-calls/${callId}`)).body;
  }

  /** Resolves when the timeline of the call has an entry of this type. */
  async entry(callId: string, type: string, timeoutMs = 10_000): Promise<TimelineEntry> {
    const find = (): TimelineEntry | undefined =>
      this.entries.find((entry) => entry.callId === callId && entry.type === type);
    await until(() => find() !== undefined, { timeoutMs }).catch(() => {
      const types = this.entries.filter((entry) => entry.callId === callId).map((entry) => entry.type);
      throw new Error(`No ${type} within ${timeoutMs} ms; the call has ${types.join(', ')}.`);
    });
    return find()!;
  }

  /** Statuses of the call in their order. */
  statuses(callId: string): string[] {
    return this.entries
      .filter((entry) => entry.callId === callId && entry.type.startsWith('call.'))
      .map((entry) => entry.type.slice('call.'.length));
  }

  /** Resolves with the record when nothing is left of the call. */
  async ended(callId: string, timeoutMs = 10_000): Promise<Record<string, unknown>> {
    await this.entry(callId, 'leg.down', timeoutMs);
    return this.call(callId);
  }

  /** Stops the server, as a signal would. */
  async stopServer(): Promise<void> {
    await this.#server?.stop(0);
  }

  /**
   * Hangs up what is still going on (stopping alone would have the carrier say its last words) and closes everything.
   * @throws when a timer of the server has outlived it
   */
  async close(): Promise<void> {
    const calls = this.#app?.calls;
    for (const { callId } of calls?.active() ?? []) await calls?.hangUp(callId);
    await this.stopServer();
    await this.telnyx.close();
    await this.openai.close();
    rmSync(this.#dataDir, { recursive: true, force: true });
    // The last connections have only just been broken: whoever was served over them lets go in a moment.
    await until(() => !this.#clock?.pending.length, { timeoutMs: 500 }).catch(() => undefined);
    const pending = this.#clock?.pending ?? [];
    if (pending.length > 0) throw new Error(`Timers have outlived the server:\n${pending.join('\n')}`);
  }

  async #startServer({ env = {}, compose: replaced = {} }: TestBridgeOptions): Promise<void> {
    const port = await freePort();
    const config = loadConfig({
      PORT: String(port),
      BASE_PUBLIC_URL: `http://127.0.0.1:${port}`,
      ...farEndSettings(this.telnyx, this.openai),
      DATA_DIR: this.#dataDir,
      // Tests that are not about these call one number again and again, and serve their tools and endpoints here.
      CALLS_PER_SECOND: '1000',
      CALLS_PER_DESTINATION_PER_HOUR: '10000',
      TRANSFERS_PER_DESTINATION_PER_HOUR: '10000',
      CALLS_PER_KEY_PER_DAY: '1000000',
      OVERLOAD_LAG_MS: '0',
      ALLOW_PRIVATE_URLS: 'true',
      ...env,
    });
    this.#clock = new CountingClock(replaced.clock ?? SYSTEM_CLOCK);
    this.#app = await compose(config, { log: SILENT_LOGGER, watchers: [this], ...replaced, clock: this.#clock });
    this.#server = await start(this.#app);
  }
}
