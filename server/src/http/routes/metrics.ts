// GET /metrics: figures of the process in the text form that a monitoring system collects.

import { Router } from 'express';

/** Where the figures come from. */
export type MetricsSource = {
  /** Media type of the text. */
  readonly contentType: string;
  text(): Promise<string>;
};

/** The route of the figures. */
export function metricsRouter(metrics: MetricsSource): Router {
  const router = Router();
  router.get('/', async (_request, response) => {
    const text = await metrics.text();
    response.set('Content-Type', metrics.contentType).send(Buffer.from(text));
  });
  return router;
}
