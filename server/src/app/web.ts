// The HTTP edge, composed: what the routes are given of the rest of the server.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Express } from 'express';
import type { CallBehaviour } from '../calls/behaviour';
import type { CallService } from '../calls/call-service';
import type { CarrierWebhooks, Clock, Logger } from '../calls/ports';
import type { Config } from '../config/config';
import type { UrlGuard } from '../lib/url-guard';
import { createDestinationPolicy, type DestinationPolicy, type DoNotCallList } from '../http/destination';
import { createHttpApp } from '../http/http-app';
import { type LastReplies, LiveCalls } from '../http/live-calls';
import type { RequestMeasure } from '../http/request-measure';
import type { MetricsSource } from '../http/routes/metrics';
import type { Readiness } from '../http/routes/ready';
import type { TunnelWatch } from '../http/tunnel-watch';
import type { Connections } from './connections';
import { identityOf } from './identity';
import type { Records } from './records';

/** What the edge works with. */
export type WebParts = {
  readonly calls: CallService;
  readonly records: Records;
  readonly webhooks: CarrierWebhooks;
  readonly behaviour: CallBehaviour;
  readonly metrics: MetricsSource & { readonly http: RequestMeasure };
  readonly destinations: DestinationPolicy;
  readonly readiness: Readiness;
  readonly lastReplies: LastReplies;
  /** Which addresses of users may be asked. */
  readonly urlGuard: UrlGuard;
  readonly connections: Connections;
  readonly tunnel: TunnelWatch | undefined;
  /** Where the built page lies, if not where the build puts it. */
  readonly pageFolder?: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
};

/** Who may be called by these settings. */
export function destinationsOf(config: Config, doNotCall: DoNotCallList): DestinationPolicy {
  return createDestinationPolicy({
    allowedCountries: config.access.allowedCountries,
    fromNumber: config.telnyx.fromNumber,
    sipDomains: config.transferSipDomains,
    doNotCall,
  });
}

/** Builds the application from the settings and its parts. */
export function web(config: Config, parts: WebParts): Express {
  const { calls, records, webhooks, behaviour, metrics, destinations, readiness, lastReplies, clock, log } = parts;
  const { journal, recordings, usage } = records;
  const { fromNumber } = config.telnyx;
  return createHttpApp({
    calls,
    webhooks,
    destinations,
    defaults: {
      from: fromNumber,
      voice: config.openai.voice,
      behaviour,
      statusCallbackUrl: config.records.callbacks.defaultUrl,
      maxCostUsd: config.budget.perCallUsd,
      isRecorded: config.records.recordsCalls,
    },
    toolSecrets: {
      names: Object.keys(config.tools.secrets),
      hosts: config.tools.secretHosts,
      mayGoInClear: config.tools.allowsPrivateUrls,
    },
    urlGuard: parts.urlGuard,
    journal,
    recordings,
    usage,
    metrics,
    requests: metrics.http,
    readiness,
    identity: identityOf(config),
    live: new LiveCalls({ calls, lastReplies, clock }),
    pageFolder: parts.pageFolder ?? builtPage(),
    apiKeys: config.http.apiKeys,
    tunnel: parts.tunnel,
    onTrusted: (socket) => parts.connections.trust(socket),
    clock,
    log,
  });
}

/** Beside the compiled server; where the sources run as they are, in the folder that the build would go to. */
function builtPage(): string {
  const beside = join(__dirname, '../page');
  return existsSync(beside) ? beside : join(__dirname, '../../../dist/page');
}
