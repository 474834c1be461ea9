// Tells somebody of each request: its route as a pattern, how it ended, how long it took. Nothing of what a stranger
// makes up (paths, methods) gets through.

import type { Request, RequestHandler, Response } from 'express';
import type { Clock } from '../calls/ports';

/** A request for something that no route serves. */
const UNMATCHED_ROUTE = 'unmatched';

/** Where requests are refused before they get to a route. */
export type GuardedPaths = readonly string[];

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** How a request ended: the class of its status, or that the client went away before it had all of its answer. */
export type RequestOutcome = '1xx' | '2xx' | '3xx' | '4xx' | '5xx' | 'aborted';

/** A request that is over. */
export type MeasuredRequest = {
  readonly method: string;
  /** Pattern, with the names of its parameters: `/api/ai-calls/:callId`. */
  readonly route: string;
  readonly outcome: RequestOutcome;
  /** Undefined for a stream of events, which takes as long as somebody listens. */
  readonly durationMs: number | undefined;
  /** Code of the problem that was answered. */
  readonly problem: string | undefined;
};

/** Somebody who measures requests. Must not throw. */
export interface RequestMeasure {
  onBegun(): void;
  onEnded(request: MeasuredRequest): void;
}

/** Who is told, by which clock, and under which paths a refusal is known by the path alone. */
export type RequestMeasureDeps = {
  readonly measure: RequestMeasure;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly guarded: GuardedPaths;
};

/** Measures every request that passes. */
export function measureRequests({ measure, clock, guarded }: RequestMeasureDeps): RequestHandler {
  return (request, response, next) => {
    const startedAtMs = clock.monotonicMs();
    measure.onBegun();
    // Comes once, whether the answer was sent or the client went away.
    response.once('close', () => {
      const problem: unknown = response.locals['problem'];
      measure.onEnded({
        method: METHODS.has(request.method) ? request.method : 'OTHER',
        route: routeOf(request) ?? guardedPath(request, response, guarded) ?? UNMATCHED_ROUTE,
        outcome: outcomeOf(response),
        durationMs: isEventStream(response) ? undefined : clock.monotonicMs() - startedAtMs,
        problem: typeof problem === 'string' ? problem : undefined,
      });
    });
    next();
  };
}

/**
 * Express forgets where a router is mounted as soon as the router is through; the path still tells. Its end matched the
 * route, so what is before it is the mount: some letters of ours, in whatever case.
 */
function routeOf(request: Request): string | undefined {
  const { route } = request as { readonly route?: { readonly path?: unknown } };
  if (typeof route?.path !== 'string' || /[*{(]/.test(route.path)) return undefined;
  const pattern = segments(route.path);
  const path = segments(pathOf(request));
  const mount = path.slice(0, Math.max(0, path.length - pattern.length)).map((segment) => segment.toLowerCase());
  return `/${[...mount, ...pattern].join('/')}`;
}

/** Who was refused at the door never got to a route. */
function guardedPath(request: Request, { statusCode }: Response, guarded: GuardedPaths): string | undefined {
  if (statusCode !== 401 && statusCode !== 403) return undefined;
  const path = `${pathOf(request).toLowerCase()}/`;
  return guarded.find((prefix) => path.startsWith(`${prefix}/`));
}

function pathOf({ originalUrl }: Request): string {
  return originalUrl.split('?', 1)[0] ?? '';
}

function segments(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '');
}

function outcomeOf(response: Response): RequestOutcome {
  // A stream of events has no end of its own: its reader leaves when it has seen enough.
  if (!response.writableFinished && !(response.headersSent && isEventStream(response))) return 'aborted';
  if (response.statusCode < 200) return '1xx';
  if (response.statusCode < 300) return '2xx';
  if (response.statusCode < 400) return '3xx';
  return response.statusCode < 500 ? '4xx' : '5xx';
}

function isEventStream(response: Response): boolean {
  return String(response.getHeader('content-type') ?? '').startsWith('text/event-stream');
}
