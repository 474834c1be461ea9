// A caller that traces its own work sends `traceparent`: what a request begins then belongs to the caller's trace. Only
// the API of OpenTelemetry: without an SDK in the process this does nothing.

// What a trace goes on with comes in a header: the one place outside observability/.
// oxlint-disable-next-line no-restricted-imports
import { context, propagation, trace } from '@opentelemetry/api';
import type { RequestHandler } from 'express';

/** Lets requests run in the trace that they came with, unless an instrumentation has opened one. */
export const continueTrace: RequestHandler = (request, _response, next) => {
  const active = context.active();
  if (trace.getSpan(active)) return next();
  context.with(propagation.extract(active, request.headers), () => next());
};
