// GET /health: the process is alive and answers.

import { Router } from 'express';

/** The liveness route. */
export function healthRouter(): Router {
  const router = Router();
  router.get('/', (_request, response) => {
    response.json({ status: 'ok', uptimeSeconds: Math.round(process.uptime()) });
  });
  return router;
}
