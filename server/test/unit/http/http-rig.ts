// The HTTP application over calls whose surroundings are faked.

import type { Express } from 'express';
import type { CallLimits } from '../../../src/calls/admission/admission';
import { type CallBehaviour, DEFAULT_BEHAVIOUR } from '../../../src/calls/behaviour';
import { WebhookRefusedError } from '../../../src/calls/errors';
import type { Call } from '../../../src/calls/call';
import type { CarrierEvent, CarrierWebhooks } from '../../../src/calls/ports';
import type { CallWatcher, TimelineEntry } from '../../../src/calls/record-ports';
import { createDestinationPolicy } from '../../../src/http/destination';
import { createHttpApp } from '../../../src/http/http-app';
import { urlGuard } from '../../../src/lib/url-guard';
import { LastReplies, LiveCalls } from '../../../src/http/live-calls';
import { PROBLEMS } from '../../../src/http/problem';
import type { RequestMeasure } from '../../../src/http/request-measure';
import type { MetricsSource } from '../../../src/http/routes/metrics';
import type { Readiness } from '../../../src/http/routes/ready';
import { IdentityProof } from '../../../src/lib/identity-proof';
import { settle } from '../../support/manual-clock';
import { CallHarness } from '../calls/call-harness';
import { FakeNews, FakeRecordings, FakeUsage } from './reading-fakes';

/** Webhooks that believe everything, or nothing. */
export class FakeWebhooks implements CarrierWebhooks {
  readonly bodies: string[] = [];
  readonly headers: Readonly<Record<string, string>>[] = [];
  /** Undefined refuses. */
  event: CarrierEvent | undefined;

  checkHeaders(): void {
    // Whatever comes is read.
  }

  receive(rawBody: string, headers: Readonly<Record<string, string>>): Promise<CarrierEvent> {
    this.bodies.push(rawBody);
    this.headers.push(headers);
    return this.event ? Promise.resolve(this.event) : Promise.reject(new WebhookRefusedError('Not signed.'));
  }
}

type RigOptions = {
  readonly apiKeys?: readonly string[];
  readonly maxConcurrentCalls?: number;
  /** What the settings say. */
  readonly behaviour?: Partial<CallBehaviour>;
  readonly toolSecretNames?: readonly string[];
  /** Hosts at which tools may have secrets. */
  readonly toolSecretHosts?: readonly string[];
  readonly sipDomains?: readonly string[];
  /** Numbers on the list. */
  readonly doNotCall?: readonly string[];
  readonly limits?: Partial<CallLimits>;
  readonly watchers?: readonly CallWatcher[];
  readonly metrics?: MetricsSource;
  readonly requests?: RequestMeasure;
  readonly maxCostUsd?: number;
  readonly isRecorded?: boolean;
  readonly pageFolder?: string;
  /** True unless a test is about that. */
  readonly allowsPrivateUrls?: boolean;
};

/** The application and what stands behind it. */
export class HttpRig {
  readonly calls: CallHarness;
  readonly webhooks = new FakeWebhooks();
  readonly news = new FakeNews();
  readonly usage = new FakeUsage();
  readonly recordings = new FakeRecordings();
  /** How long callees have waited; a test tells it. */
  readonly lastReplies = new LastReplies();
  /** What GET /ready looks at. */
  readiness: Readiness = () => Promise.resolve([]);
  readonly app: Express;

  constructor(options: RigOptions = {}) {
    const { apiKeys = [], maxConcurrentCalls = 100, toolSecretNames = [], metrics } = options;
    this.calls = new CallHarness({ maxConcurrentCalls, ...options.limits }, options.watchers);
    this.app = createHttpApp({
      calls: this.calls.service,
      webhooks: this.webhooks,
      destinations: createDestinationPolicy({
        allowedCountries: ['US'],
        fromNumber: '+12025550100',
        sipDomains: options.sipDomains,
        doNotCall: { isOnList: (number) => options.doNotCall?.includes(number) ?? false },
      }),
      defaults: {
        from: '+12025550100',
        voice: 'marin',
        behaviour: { ...DEFAULT_BEHAVIOUR, ...options.behaviour },
        maxCostUsd: options.maxCostUsd,
        isRecorded: options.isRecorded ?? false,
      },
      journal: this.news,
      usage: this.usage,
      recordings: this.recordings,
      readiness: () => this.readiness(),
      identity: new IdentityProof(['a secret']),
      live: new LiveCalls({ calls: this.calls.service, lastReplies: this.lastReplies, clock: this.calls.clock }),
      pageFolder: options.pageFolder ?? '/nowhere',
      clock: this.calls.clock,
      toolSecrets: {
        names: toolSecretNames,
        hosts: options.toolSecretHosts ?? ['tools.example'],
        mayGoInClear: options.allowsPrivateUrls ?? true,
      },
      urlGuard: urlGuard({ allowsPrivateAddresses: options.allowsPrivateUrls ?? true }),
      apiKeys: apiKeys.map((key, index) => ({ name: `key-${index + 1}`, key })),
      metrics,
      requests: options.requests,
      log: this.calls.log,
    });
  }

  /** Puts a call of earlier into the record, with its timeline. */
  async record(call: Call, entries: readonly TimelineEntry[] = []): Promise<string> {
    await this.calls.store.insert(call);
    await this.calls.store.write([{ kind: 'call', call }]);
    await this.append(...entries);
    return call.callId;
  }

  /** Writes entries into the record and says so. */
  async append(...entries: readonly TimelineEntry[]): Promise<void> {
    await this.calls.store.write(entries.map((entry) => ({ kind: 'entry', entry }) as const));
    this.news.tell(entries.map(({ callId }) => callId));
  }

  /** Lets time pass until the promise is settled: something behind the API is tried again and again. */
  async patiently<T>(promise: Promise<T>): Promise<T> {
    const state = { isSettled: false };
    const settled = promise.finally(() => {
      state.isSettled = true;
    });
    settled.catch(() => undefined);
    while (!state.isSettled) {
      this.calls.clock.advance(100);
      await settle();
    }
    return settled;
  }
}

type Answer = { readonly status: number; readonly type: string; readonly body: unknown };

/** Checks that an answer is a problem document of the catalogue, and returns the fields that it names. */
export function problemFields(answer: Answer, code: keyof typeof PROBLEMS): string[] {
  const { status, title } = PROBLEMS[code];
  const body = answer.body as { readonly errors?: { readonly field: string; readonly message: string }[] };
  expect(body).toMatchObject({ type: `urn:ai-calls:problem:${code}`, title, status, code });
  expect(answer.status).toBe(status);
  expect(answer.type).toBe('application/problem+json');
  for (const { message } of body.errors ?? []) expect(message).toMatch(/\S/);
  return (body.errors ?? []).map(({ field }) => field);
}
