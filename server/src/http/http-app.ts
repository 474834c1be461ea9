// The express application: which router serves which path, and in what order requests are checked.

import express, { type Express } from 'express';
import helmet from 'helmet';
import type { CallService } from '../calls/call-service';
import type { CarrierWebhooks, Logger } from '../calls/ports';
import { requireCaller } from './auth';
import type { CallDefaults } from './create-call';
import type { DestinationPolicy } from './destination';
import { problemHandler, routeNotFound } from './problem';
import { aiCallsRouter } from './routes/ai-calls';
import { callCommandsRouter } from './routes/call-commands';
import { healthRouter } from './routes/health';
import { metricsRouter, type MetricsSource } from './routes/metrics';
import { telnyxWebhooksRouter } from './routes/telnyx-webhooks';

/** Path of the carrier's webhooks. */
export const WEBHOOK_PATH = '/api/webhooks/telnyx';

/** What the application works with. */
export type HttpAppDeps = {
  readonly calls: CallService;
  readonly webhooks: CarrierWebhooks;
  readonly destinations: DestinationPolicy;
  readonly defaults: CallDefaults;
  /** Names of the TOOL_ variables that are set; tools of requests may name them in their headers. */
  readonly toolSecretNames: readonly string[];
  readonly apiKeys: readonly string[];
  /** Without it there is no GET /metrics. */
  readonly metrics?: MetricsSource | undefined;
  readonly log: Logger;
};

/** Builds the application. */
export function createHttpApp(deps: HttpAppDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.use(helmet());
  app.use('/health', healthRouter());
  app.use(WEBHOOK_PATH, telnyxWebhooksRouter(deps));
  app.use('/api/ai-calls', requireCaller(deps.apiKeys), aiCallsRouter(deps), callCommandsRouter(deps));
  if (deps.metrics) app.use('/metrics', requireCaller(deps.apiKeys), metricsRouter(deps.metrics));
  app.use(routeNotFound);
  app.use(problemHandler(deps.log));
  return app;
}
