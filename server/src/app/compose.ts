// The composition root: the only place that constructs adapters and knows which class stands behind which port. The
// records and what goes on in the background are composed in files of their own.

import type { Express } from 'express';
import { AiBreaker } from '../calls/ai-breaker';
import { CallService } from '../calls/call-service';
import { type Deadlines, DEFAULT_DEADLINES } from '../calls/call-timers';
import { DayBudget } from '../calls/day-budget';
import type { Clock, Logger } from '../calls/ports';
import type { ReaperTimes } from '../calls/reaper';
import type { CallWatcher } from '../calls/record-ports';
import { L16ByteOrder } from '../carriers/telnyx/l16-byte-order';
import { STREAM_TOKEN_HEADER } from '../carriers/telnyx/stream-frames';
import { TelnyxCarrier } from '../carriers/telnyx/telnyx-carrier';
import { announcedStream } from '../carriers/telnyx/telnyx-stream';
import { TelnyxWebhooks } from '../carriers/telnyx/telnyx-webhooks';
import type { Config } from '../config/config';
import { createDestinationPolicy } from '../http/destination';
import { createHttpApp, WEBHOOK_PATH } from '../http/http-app';
import { MediaClock } from '../media/media-clock';
import { MediaGateway } from '../media/media-gateway';
import { requestedFormat } from '../media/stream-format';
import { StreamTokens } from '../media/stream-tokens';
import { CallLog } from '../observability/call-log';
import { CallMetrics } from '../observability/metrics';
import { unpricedModels } from '../realtime/pricing';
import { aiProbe } from './ai-probe';
import { background } from './background';
import { withCallId } from './call-logger';
import { conversations, defaultBehaviour } from './conversations';
import { readinessOf } from './readiness';
import { openRecords } from './records';
import { SYSTEM_CLOCK } from './system-clock';

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
};

/** The parts of the server that its life cycle has to deal with. */
export type App = {
  readonly config: Config;
  readonly http: Express;
  readonly calls: CallService;
  readonly gateway: MediaGateway;
  readonly clock: Clock;
  readonly log: Logger;
  /** Begins what goes on in the background, the recovery of calls of a lost server included. */
  readonly start: () => void;
  /** Begins nothing new in the background. */
  readonly stop: () => void;
  /** Resolves when everything that is still to be written or told has been, and this node has signed off. */
  readonly settle: () => Promise<void>;
  /** Lets go of files and sockets; what is not written by now is lost. */
  readonly release: () => Promise<void>;
};

/** Builds the whole server from its settings; nothing listens yet. */
export async function compose(config: Config, options: ComposeOptions): Promise<App> {
  const { log, clock = SYSTEM_CLOCK } = options;
  const behaviour = defaultBehaviour(config);
  const metrics = new CallMetrics();
  const breaker = new AiBreaker({ probe: aiProbe(config.openai, { clock, log }), clock, log });
  const onEnded: CallWatcher = {
    onEntry: ({ type }, { verdict }) => verdict && type === `call.${verdict.status}` && breaker.onCallEnded(verdict),
  };
  const watchers = [new CallLog(log), metrics, onEnded, ...(options.watchers ?? [])];
  const records = await openRecords(config.records, { clock, log, watchers });
  const { store, journal, recordings, usage, callbacks } = records;
  const budget = new DayBudget({ limitUsd: config.budget.perDayUsd, report: usage, clock, log });
  await budget.start();
  metrics.show({
    isAiRefused: () => breaker.reason !== undefined,
    waitingRecords: () => journal.health.waiting,
    remainingUsd: () => budget.remainingUsd,
  });
  const unpriced = unpricedModels(config.openai);
  if (unpriced.length > 0) log.warn('The price of a model is not known: no sum has it, and no budget', { unpriced });
  const { streamCodec } = config.telnyx;
  const l16ByteOrder = new L16ByteOrder(config.telnyx.l16ByteOrder);
  const stream = { codec: streamCodec, sampleRateHz: requestedFormat(streamCodec).sampleRateHz };
  const tokens = new StreamTokens(config.http.publicUrl);
  const webhookUrl = `${config.http.publicUrl}${WEBHOOK_PATH}`;
  const carrier = new TelnyxCarrier({ ...config.telnyx, stream, webhookUrl }, clock);
  const calls = new CallService({
    carrier,
    mediaEndpoint: tokens,
    openConversation: conversations({ config, clock, mediaClock: new MediaClock(clock), log, recordings }),
    journal,
    budget,
    recordings,
    store,
    gates: [breaker, budget],
    clock,
    log,
    deadlines: { ...DEFAULT_DEADLINES, ...options.deadlines },
    maxConcurrentCalls: config.maxConcurrentCalls,
  });
  const gateway = new MediaGateway({
    tokens,
    tokenHeader: STREAM_TOKEN_HEADER,
    announced: (socket, callId) =>
      announcedStream(socket, { clock, log: withCallId(log, callId), codec: streamCodec, l16ByteOrder }),
    attach: (callId, announced) => calls.attachStream(callId, announced),
    log,
  });
  const http = createHttpApp({
    calls,
    webhooks: new TelnyxWebhooks(config.telnyx.publicKey, clock),
    destinations: createDestinationPolicy(config.allowedCountries, config.telnyx.fromNumber, config.transferSipDomains),
    defaults: {
      from: config.telnyx.fromNumber,
      voice: config.openai.voice,
      behaviour,
      statusCallbackUrl: config.records.callbacks.defaultUrl,
      maxCostUsd: config.budget.perCallUsd,
      isRecorded: config.records.recordsCalls,
    },
    toolSecretNames: Object.keys(config.tools.secrets),
    journal,
    recordings,
    usage,
    metrics,
    readiness: readinessOf({ records, breaker, calls, clock }),
    apiKeys: config.http.apiKeys,
    clock,
    log,
  });
  const { retentionDays } = config.records;
  const parts = { records, retentionDays, calls, carrier, budget, breaker, clock, log };
  const { start, stop, signOff } = background(parts, options);
  const settle = async (): Promise<void> => {
    await journal.flush(SETTLE_LIMIT_MS);
    await Promise.all([signOff(), callbacks.flush(CALLBACKS_LIMIT_MS)]);
  };
  return { config, http, calls, gateway, clock, log, start, stop, settle, release: records.release };
}
