// The express application: which router serves which path, and in what order requests are checked.

import express, { type Express } from 'express';
import helmet from 'helmet';
import { requireCaller } from './auth';
import type { EventFeed } from './event-stream';
import { problemHandler, routeNotFound } from './problem';
import { type AiCallsDeps, aiCallsRouter } from './routes/ai-calls';
import { type CallCommandsDeps, callCommandsRouter } from './routes/call-commands';
import { callEventsRouter } from './routes/call-events';
import { type CallReadingDeps, callReadingRouter } from './routes/call-reading';
import { healthRouter } from './routes/health';
import { metricsRouter, type MetricsSource } from './routes/metrics';
import { type Readiness, readyRouter } from './routes/ready';
import { type TelnyxWebhooksDeps, telnyxWebhooksRouter } from './routes/telnyx-webhooks';
import { type UsageDeps, usageRouter } from './routes/usage';

/** Path of the carrier's webhooks. */
export const WEBHOOK_PATH = '/api/webhooks/telnyx';

/** What the application works with: what each route does, the keys, and what the operator looks at. */
export type HttpAppDeps = AiCallsDeps &
  CallCommandsDeps &
  CallReadingDeps &
  EventFeed &
  TelnyxWebhooksDeps &
  UsageDeps & {
    readonly apiKeys: readonly string[];
    /** Without it there is no GET /metrics. */
    readonly metrics?: MetricsSource | undefined;
    readonly readiness: Readiness;
  };

/** Builds the application. */
export function createHttpApp(deps: HttpAppDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.use(helmet());
  app.use('/health', healthRouter());
  app.use('/ready', readyRouter(deps.readiness));
  app.use(WEBHOOK_PATH, telnyxWebhooksRouter(deps));
  // Paths with a name of their own come before those with an id in the same place.
  const aiCalls = [usageRouter(deps), aiCallsRouter(deps), callEventsRouter(deps), callReadingRouter(deps)];
  app.use('/api/ai-calls', requireCaller(deps.apiKeys), ...aiCalls, callCommandsRouter(deps));
  if (deps.metrics) app.use('/metrics', requireCaller(deps.apiKeys), metricsRouter(deps.metrics));
  app.use(routeNotFound);
  app.use(problemHandler(deps.log));
  return app;
}
