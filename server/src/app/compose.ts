// The composition root: the only place that constructs adapters and knows which class stands behind which port.

import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import type { Express } from 'express';
import type { Call } from '../calls/call';
import { CallJournal } from '../calls/call-journal';
import { CallService } from '../calls/call-service';
import { type Deadlines, DEFAULT_DEADLINES } from '../calls/call-timers';
import type { Conversation, ConversationEvent } from '../calls/conversation-ports';
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
import { MediaBridge } from '../media/media-bridge';
import { MediaClock } from '../media/media-clock';
import { MediaGateway } from '../media/media-gateway';
import { aiFormat, requestedFormat } from '../media/stream-format';
import { StreamTokens } from '../media/stream-tokens';
import { CallLog } from '../observability/call-log';
import { OpenAiRealtime } from '../realtime/openai-realtime';
import { SqlCallStore } from '../store/call-store';
import { openDatabase } from '../store/database';
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
  const database = await openDatabase(join(config.dataDir, DATABASE_FILE));
  const store = new SqlCallStore(database);
  const callbacks = new StatusCallbacks({ clock, log });
  const watchers = [new CallLog(log), callbacks, ...(options.watchers ?? [])];
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
    openConversation: (call, report) => openConversation({ config, clock, mediaClock, log }, call, report),
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
    destinations: createDestinationPolicy(config.allowedCountries, config.telnyx.fromNumber),
    defaults: { from: config.telnyx.fromNumber, voice: config.openai.voice },
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

type Surroundings = {
  readonly config: Config;
  readonly clock: Clock;
  readonly mediaClock: MediaClock;
  readonly log: Logger;
};

/** One bridge and one realtime session for one call. */
function openConversation(
  { config, clock, mediaClock, log }: Surroundings,
  call: Call,
  report: (event: ConversationEvent) => void,
): Conversation {
  const { openai } = config;
  const session = new OpenAiRealtime(
    {
      ...openai,
      instructions: call.instructions,
      voice: call.voice,
      safetyIdentifier: safetyIdentifier(call.to, openai.apiKey),
    },
    { clock, log: withCallId(log, call.callId) },
  );
  return new MediaBridge({
    session,
    aiFormat: aiFormat(openai.audioFormat),
    outboundFormat: requestedFormat(config.telnyx.streamCodec),
    playout: config.playout,
    greeting: call.greeting,
    clock,
    mediaClock,
    report,
  });
}

/** Keyed, because a plain hash of a phone number is found by trying all numbers. */
function safetyIdentifier(number: string, key: string): string {
  return createHmac('sha256', key).update(number).digest('hex');
}

function withCallId(log: Logger, callId: string): Logger {
  return {
    debug: (message, fields) => log.debug(message, { callId, ...fields }),
    info: (message, fields) => log.info(message, { callId, ...fields }),
    warn: (message, fields) => log.warn(message, { callId, ...fields }),
    error: (message, fields) => log.error(message, { callId, ...fields }),
  };
}
