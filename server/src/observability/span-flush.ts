// Spans that are still in the process when it stops. Only the API of OpenTelemetry is known here: whether the provider
// behind it keeps spans back, and can be told to send them, is to be found out.

import { trace } from '@opentelemetry/api';

type Provider = { readonly getDelegate?: unknown; readonly forceFlush?: unknown };

/** Has the SDK that is loaded, if one is, send what it keeps back; never rejects. */
export async function flushSpans(): Promise<void> {
  const provider: Provider = delegateOf(trace.getTracerProvider() as Provider);
  if (typeof provider.forceFlush !== 'function') return;
  try {
    await provider.forceFlush();
  } catch {
    // The SDK has a diagnostic log of its own; the end of the process does not wait for spans.
  }
}

/** The API hands out a stand-in, as an SDK may be registered later. */
function delegateOf(provider: Provider): Provider {
  if (typeof provider.getDelegate !== 'function') return provider;
  const delegate: unknown = provider.getDelegate();
  return typeof delegate === 'object' && delegate !== null ? delegate : provider;
}
