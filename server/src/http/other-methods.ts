// What happens to a method that a path does not have: 405 with those that it has, read from the routes themselves.

import type { RequestHandler, Router } from 'express';
import { ProblemError } from './problem';

/** What the router of express tells of itself; its types do not know that yet. */
type Listed = { listRoutes(): readonly { readonly path: string; readonly methods?: readonly string[] }[] };

/** Has a router, whose routes are all there, refuse the other methods of its paths. */
export function refusingOthers(router: Router): Router {
  const methodsByPath = new Map<string, string[]>();
  for (const { path, methods = [] } of (router as unknown as Listed).listRoutes()) {
    methodsByPath.set(path, [...(methodsByPath.get(path) ?? []), ...methods]);
  }
  // OPTIONS, too, ends here: it asks for this very header.
  for (const [path, methods] of methodsByPath) router.all(path, refuse([...new Set(methods)].sort().join(', ')));
  return router;
}

function refuse(allowed: string): RequestHandler {
  return (request, response) => {
    response.set('Allow', allowed);
    if (request.method !== 'OPTIONS') throw new ProblemError('METHOD_NOT_ALLOWED');
    response.status(204).end();
  };
}
