// The composition root: the only place that constructs adapters and knows which class stands behind which port.

import { join } from 'node:path';
import type { Express } from 'express';
import { CallJournal } from '../calls/call-journal';
import { CallService } from '../calls/call-service';
import { type Deadlines, DEFAULT_DEADLINES } from '../calls/call-timers';
import type { CallWatcher, Clock, Logger } from '../calls/ports';
import { StatusCallbacks } from '../callbacks/status-callbacks';
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
import { SqlCallStore } from '../store/call-store';
import { openDatabase } from '../store/database';
import { withCallId } from './call-logger';
import { conversations, defaultBehaviour } from './conversations';
import { SYSTEM_CLOCK } from './system-clock';

/** How long records and status callbacks on their way may hold up the end of the process. */
export const SETTLE_LIMIT_MS = 5_000;

const DATABASE_FILE = 'ai-calls.db';

/** What the caller of compose may replace. */
export type ComposeOptions = {
  readonly log: Logger;
  readonly clock?: Clock;
  readonly deadlines?: Partial<Deadlines>;
  /** More watchers of all calls, beside the log and the status callbacks. */
  readonly watchers?: readonly CallWatcher[];
};

/** The parts of the server that its life cycle has to deal with. */
export type App = {
  readonly config: Config;
  readonly http: Express;
  readonly calls: CallService;
  readonly gateway: MediaGateway;
  readonly clock: Clock;
  readonly log: Logger;
  /** Resolves when everything that is still to be written or told has been. */
  readonly settle: () => Promise<void>;
  /** Lets go of files and sockets; what is not written by now is lost. */
  readonly release: () => Promise<void>;
};

/** Builds the whole server from its settings; nothing listens yet. */
export async function compose(config: Config, options: ComposeOptions): Promise<App> {
  const { log, clock = SYSTEM_CLOCK } = options;
  const behaviour = defaultBehaviour(config);
  const database = await openDatabase(join(config.dataDir, DATABASE_FILE));
  const store = new SqlCallStore(database);
  const callbacks = new StatusCallbacks({ clock, log });
  const metrics = new CallMetrics();
  const watchers = [new CallLog(log), metrics, callbacks, ...(options.watchers ?? [])];
  const journal = new CallJournal({ store, clock, log, watchers });
  const { streamCodec } = config.telnyx;
  const l16ByteOrder = new L16ByteOrder(config.telnyx.l16ByteOrder);
  const stream = { codec: streamCodec, sampleRateHz: requestedFormat(streamCodec).sampleRateHz };
  const mediaClock = new MediaClock(clock);
  const tokens = new StreamTokens(config.http.publicUrl);
  const webhookUrl = `${config.http.publicUrl}${WEBHOOK_PATH}`;
  const carrier = new TelnyxCarrier({ ...config.telnyx, stream, webhookUrl }, clock);
  const calls = new CallService({
    carrier,
    mediaEndpoint: tokens,
    openConversation: conversations({ config, clock, mediaClock, log }),
    journal,
    store,
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
    defaults: { from: config.telnyx.fromNumber, voice: config.openai.voice, behaviour },
    toolSecretNames: Object.keys(config.tools.secrets),
    metrics,
    apiKeys: config.http.apiKeys,
    log,
  });
  const settle = async (): Promise<void> => {
    await journal.flush(SETTLE_LIMIT_MS);
    await callbacks.flush();
  };
  const release = async (): Promise<void> => {
    callbacks.close();
    await database.destroy();
  };
  return { config, http, calls, gateway, clock, log, settle, release };
}
