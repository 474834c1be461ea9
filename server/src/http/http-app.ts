// The express application: which router serves which path, and in what order requests are checked.

import type { Duplex } from 'node:stream';
import express, { type Express } from 'express';
import helmet from 'helmet';
import { BoundedLog } from '../calls/bounded-log';
import type { IdentityProof } from '../lib/identity-proof';
import { type ApiKey, requireCaller } from './auth';
import { commandLog } from './command-log';
import type { EventFeed } from './event-stream';
import { refusingOthers } from './other-methods';
import { problemHandler, routeNotFound } from './problem';
import { measureRequests, type RequestMeasure } from './request-measure';
import { type AiCallsDeps, aiCallsRouter } from './routes/ai-calls';
import { type CallCommandsDeps, callCommandsRouter } from './routes/call-commands';
import { callEventsRouter } from './routes/call-events';
import { type CallReadingDeps, callReadingRouter } from './routes/call-reading';
import { docsRouter } from './routes/docs';
import { healthRouter } from './routes/health';
import { IDENTITY_PATH, identityRouter } from './routes/identity';
import { liveCallsRouter, type LiveCallsRouteDeps } from './routes/live-calls';
import { metricsRouter, type MetricsSource } from './routes/metrics';
import { pageRouter } from './routes/page';
import { type Readiness, readyRouter } from './routes/ready';
import { type TelnyxWebhooksDeps, telnyxWebhooksRouter } from './routes/telnyx-webhooks';
import { type UsageDeps, usageRouter } from './routes/usage';
import { continueTrace } from './trace-context';
import type { TunnelWatch } from './tunnel-watch';

/** Path of the carrier's webhooks. */
export const WEBHOOK_PATH = '/api/webhooks/telnyx';

const CALLS_PATH = '/api/ai-calls';
const METRICS_PATH = '/metrics';

const GUARDED = [CALLS_PATH, METRICS_PATH];

/** What the application works with: what each route does, the keys, and what the operator looks at. */
export type HttpAppDeps = AiCallsDeps &
  CallCommandsDeps &
  CallReadingDeps &
  EventFeed &
  LiveCallsRouteDeps &
  TelnyxWebhooksDeps &
  UsageDeps & {
    readonly apiKeys: readonly ApiKey[];
    /** Without keys: whether this machine can still be told from strangers. */
    readonly tunnel?: Pick<TunnelWatch, 'isProven'> | undefined;
    /** Is told of the connections of callers and of the carrier. */
    readonly onTrusted?: ((socket: Duplex) => void) | undefined;
    /** Without it there is no GET /metrics. */
    readonly metrics?: MetricsSource | undefined;
    /** Is told of every request. */
    readonly requests?: RequestMeasure | undefined;
    readonly readiness: Readiness;
    /** Without it there is no /.well-known/ai-calls. */
    readonly identity?: IdentityProof | undefined;
    /** Where the operator's page lies, built. */
    readonly pageFolder: string;
  };

/** Builds the application. */
export function createHttpApp(deps: HttpAppDeps): Express {
  const app = express();
  const callersOnly = requireCaller({ ...deps, refusals: new BoundedLog(deps.log, deps.clock) });
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  if (deps.requests) app.use(measureRequests({ measure: deps.requests, clock: deps.clock, guarded: GUARDED }));
  app.use(helmet());
  app.use('/health', refusingOthers(healthRouter()));
  app.use('/ready', refusingOthers(readyRouter(deps.readiness)));
  if (deps.identity) app.use(IDENTITY_PATH, refusingOthers(identityRouter(deps.identity)));
  app.use(WEBHOOK_PATH, refusingOthers(telnyxWebhooksRouter(deps)));
  // Paths with a name of their own come before those with an id in the same place.
  const aiCalls = [
    usageRouter(deps),
    liveCallsRouter(deps),
    aiCallsRouter(deps),
    callEventsRouter(deps),
    callReadingRouter(deps),
    callCommandsRouter(deps),
  ].map(refusingOthers);
  app.use(CALLS_PATH, callersOnly, continueTrace, commandLog(deps.log), ...aiCalls);
  if (deps.metrics) app.use(METRICS_PATH, callersOnly, refusingOthers(metricsRouter(deps.metrics)));
  app.use(refusingOthers(docsRouter()));
  app.use(refusingOthers(pageRouter(deps.pageFolder)));
  app.use(routeNotFound);
  app.use(problemHandler(deps.log));
  return app;
}
