// GET /ready: whether new calls can be placed, and if not, why. For load balancers: public, and without secrets.

import { Router } from 'express';

/** One thing that has to work. */
export type ReadinessCheck = {
  readonly name: 'database' | 'records' | 'ai' | 'capacity' | 'overload' | 'draining';
  readonly status: 'ok' | 'failing';
  /** What is the matter; never a secret. */
  readonly reason?: string | undefined;
};

/** Looks at everything that has to work, within a few seconds. */
export type Readiness = () => Promise<readonly ReadinessCheck[]>;

/** The readiness route. */
export function readyRouter(readiness: Readiness): Router {
  const router = Router();
  let pending: Promise<readonly ReadinessCheck[]> | undefined;

  // However many ask at once, one look is enough: strangers may ask, too.
  const check = (): Promise<readonly ReadinessCheck[]> => {
    pending ??= readiness().finally(() => {
      pending = undefined;
    });
    return pending;
  };

  router.get('/', async (_request, response) => {
    const checks = await check();
    const isReady = checks.every(({ status }) => status === 'ok');
    response
      .status(isReady ? 200 : 503)
      .set('Cache-Control', 'no-store')
      .json({ status: isReady ? 'ready' : 'not-ready', checks });
  });
  return router;
}
