// The composition root. Only app/ constructs adapters and knows which class stands behind which port: the parts in files
// of their own (records, telephony, conversations, web, background, seeing), and all of it here.

import type { Express } from 'express';
import { AiBreaker, breakerWatcher } from '../calls/admission/ai-breaker';
import type { CallBehaviour } from '../calls/behaviour';
import { CallService } from '../calls/call-service';
import { type Deadlines, DEFAULT_DEADLINES } from '../calls/call-timers';
import { DayBudget } from '../calls/admission/day-budget';
import type { Clock, Logger } from '../calls/ports';
import type { ReaperTimes } from '../calls/upkeep/reaper';
import type { CallWatcher } from '../calls/record-ports';
import type { Config } from '../config/config';
import { LastReplies } from '../http/live-calls';
import { TunnelWatch } from '../http/tunnel-watch';
import { type UrlGuard, urlGuard } from '../lib/url-guard';
import { MediaClock } from '../media/media-clock';
import type { MediaGateway } from '../media/stream/media-gateway';
import { CallLog } from '../observability/call-log';
import { CallSpans } from '../observability/call-spans';
import type { ConnectionRefusal, ServerMetrics } from '../observability/server-metrics';
import { unpricedModels } from '../realtime/pricing';
import { aiProbe } from './ai-probe';
import { background } from './background';
import { Connections } from './connections';
import { conversations, defaultBehaviour } from './conversations';
import { DoNotCallFile } from './do-not-call-file';
import { type HttpLimits, httpLimits } from './http-limits';
import { readinessOf } from './readiness';
import { openRecords, type Records } from './records';
import { overloadOf, sendSpans, serverMetrics, showParts } from './seeing';
import { SYSTEM_CLOCK } from './system-clock';
import { streamDoor, telephony } from './telephony';
import { destinationsOf, web } from './web';

/** How long records and status callbacks on their way may hold up the end of the process. */
export const SETTLE_LIMIT_MS = 5_000;

// Callbacks stay in the outbox: a stop need not wait long for endpoints.
const CALLBACKS_LIMIT_MS = 2_000;

/** What the caller of compose may replace. */
export type ComposeOptions = {
  readonly log: Logger;
  readonly clock?: Clock;
  readonly deadlines?: Partial<Deadlines>;
  /** More watchers of all calls, beside the log and the metrics. */
  readonly watchers?: readonly CallWatcher[];
  /** How long a node of a shared database counts as alive without a sign of life. */
  readonly leaseMs?: number;
  /** How often and how suspiciously this node compares its calls with the carrier's. */
  readonly reaper?: Partial<ReaperTimes>;
  /** Where the operator's page lies, if not where the build puts it. */
  readonly pageFolder?: string;
  /** Of the HTTP server. */
  readonly httpLimits?: Partial<HttpLimits>;
};

/** What bounds those who are outside. */
type Doors = {
  readonly httpLimits: HttpLimits;
  readonly connections: Connections;
  /** Undefined with keys, which tell callers from strangers. */
  readonly tunnel: TunnelWatch | undefined;
};

/** The parts of the server that its life cycle has to deal with. */
export type App = Doors & {
  readonly config: Config;
  readonly http: Express;
  readonly calls: CallService;
  readonly gateway: MediaGateway;
  readonly clock: Clock;
  readonly log: Logger;
  /** Is told of connections that were refused before a route was asked. */
  readonly metrics: { onConnectionRefused(why: ConnectionRefusal): void };
  /** Begins what goes on in the background, the recovery of calls of a lost server included. */
  readonly start: () => void;
  /** Begins nothing new in the background. */
  readonly stop: () => void;
  /** Resolves when everything that is still to be written or told has been, and this node has signed off. */
  readonly settle: () => Promise<void>;
  /** Lets go of files and sockets; what is not written by now is lost. */
  readonly release: () => Promise<void>;
};

/** What has to be opened before anything can be put together. */
type Ground = {
  readonly config: Config;
  readonly options: ComposeOptions;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: ServerMetrics;
  readonly breaker: AiBreaker;
  readonly lastReplies: LastReplies;
  readonly doNotCall: DoNotCallFile;
  readonly urlGuard: UrlGuard;
  readonly records: Records;
};

/** Builds the whole server from its settings; nothing listens yet. When it rejects, nothing is left open. */
export async function compose(config: Config, options: ComposeOptions): Promise<App> {
  // What the settings alone may fail on comes before anything is opened.
  const behaviour = defaultBehaviour(config);
  const ground = await opened(config, options);
  try {
    return await assembled(ground, behaviour);
  } catch (error) {
    await ground.records.release();
    throw error;
  }
}

async function opened(config: Config, options: ComposeOptions): Promise<Ground> {
  const { log, clock = SYSTEM_CLOCK } = options;
  const metrics = serverMetrics(clock);
  const breaker = new AiBreaker({ probe: aiProbe(config.openai, { clock, log }), clock, log });
  const lastReplies = new LastReplies();
  const spans = new CallSpans(config.openai.model);
  const ownWatchers = [new CallLog(log), metrics.calls, spans, lastReplies, breakerWatcher(breaker)];
  const watchers = [...ownWatchers, ...(options.watchers ?? [])];
  const guard = urlGuard({ allowsPrivateAddresses: config.tools.allowsPrivateUrls });
  const doNotCall = await DoNotCallFile.open(config.access.doNotCallFile, { clock, log });
  const deps = { clock, log, watchers, measures: metrics.records, urlGuard: guard };
  const records = await openRecords(config.records, deps);
  return { config, options, clock, log, metrics, breaker, lastReplies, doNotCall, urlGuard: guard, records };
}

async function assembled(ground: Ground, behaviour: CallBehaviour): Promise<App> {
  const { config, options, clock, log, metrics, breaker, doNotCall, records } = ground;
  const { journal, recordings, callbacks, release } = records;
  const { maxConcurrentCalls } = config.access;
  const overload = overloadOf(config, metrics, log);
  const budget = new DayBudget({ limitUsd: config.budget.perDayUsd, report: records.usage, clock, log });
  const unpriced = unpricedModels(config.openai);
  if (unpriced.length > 0) log.warn('The price of a model is not known: no sum has it, and no budget', { unpriced });
  const { carrier, webhooks, tokens } = telephony(config, clock);
  const destinations = destinationsOf(config, doNotCall);
  const calls = new CallService({
    carrier,
    mediaEndpoint: tokens,
    openConversation: conversations({ config, clock, mediaClock: new MediaClock(clock), log, recordings }),
    journal,
    budget,
    recordings,
    store: records.store,
    dials: records.dials,
    gates: [breaker, budget, ...(overload ? [overload] : [])],
    whyNotTo: (to, from) => destinations.whyNotTo(to, from),
    limits: config.access,
    deadlines: { ...DEFAULT_DEADLINES, ...options.deadlines },
    clock,
    log,
  });
  const doors = doorsOf(config, options);
  const gateway = streamDoor(config, { tokens, calls, connections: doors.connections, metrics, clock, log });
  const readiness = readinessOf({ records, breaker, calls, overload, maxConcurrentCalls, clock });
  const edge = { calls, webhooks, behaviour, destinations, readiness, pageFolder: options.pageFolder };
  const http = web(config, { ...ground, ...doors, ...edge });
  showParts(metrics, { config, calls, records, breaker, budget, overload, clock });
  const parts = { ...ground, retentionDays: config.records.retentionDays, calls, carrier, budget, overload };
  const { start, stop, signOff } = background(parts, options);
  const settle = async (): Promise<void> => {
    const spans = sendSpans(clock);
    await journal.flush(SETTLE_LIMIT_MS);
    await Promise.all([signOff(), callbacks.flush(CALLBACKS_LIMIT_MS), spans]);
  };
  // It keeps a timer: whatever may fail has not failed by now.
  await budget.start();
  return { ...doors, config, http, calls, gateway, metrics, clock, log, start, stop, settle, release };
}

function doorsOf({ access, http }: Config, options: ComposeOptions): Doors {
  const { log, clock = SYSTEM_CLOCK, httpLimits: changes } = options;
  const limits = { ...httpLimits(access.maxConcurrentCalls), ...changes };
  const tunnel = http.apiKeys.length === 0 ? new TunnelWatch(log) : undefined;
  return { httpLimits: limits, connections: new Connections(limits, clock), tunnel };
}
