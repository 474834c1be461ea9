// The user's endpoints of the canary test, and a recorder of spans: what reaches them is kept, and what they answer is a
// canary, too.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Span, SpanStatusCode, trace } from '@opentelemetry/api';

/** An HTTP endpoint that keeps whatever it is asked. */
export class KeepingEndpoint {
  /** Every request, whole, as text. */
  readonly seen: string[] = [];
  status = 200;
  answer = '{}';
  readonly #server: Server = createServer((request, response) => {
    void text(request).then((body) => {
      this.seen.push(`${request.method} ${request.url}\n${JSON.stringify(request.headers)}\n${body}`);
      response.writeHead(this.status, { 'content-type': 'application/json' }).end(this.answer);
    });
  });

  static async start(): Promise<KeepingEndpoint> {
    const endpoint = new KeepingEndpoint();
    endpoint.#server.listen(0, '127.0.0.1');
    await once(endpoint.#server, 'listening');
    return endpoint;
  }

  url(path: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => void this.#server.close(resolve));
  }
}

/** Records every span of this process as text, from now on. */
export function recordSpans(): string[] {
  const told: string[] = [];
  const note = (...parts: unknown[]): void => void told.push(JSON.stringify(parts));
  const span = (): Span => {
    const recorded: Span = {
      spanContext: () => ({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 }),
      setAttribute: (...all) => (note('attribute', ...all), recorded),
      setAttributes: (all) => (note('attributes', all), recorded),
      addEvent: (...all) => (note('event', ...all), recorded),
      addLink: () => recorded,
      addLinks: () => recorded,
      setStatus: (status) => (note('status', SpanStatusCode[status.code], status.message), recorded),
      updateName: (name) => (note('name', name), recorded),
      end: () => undefined,
      isRecording: () => true,
      recordException: (error) => note('exception', typeof error === 'string' ? error : error.message),
    };
    return recorded;
  };
  const tracer = {
    startSpan: (name: string, options: object = {}) => {
      note('span', name, options);
      return span();
    },
    startActiveSpan: (...all: unknown[]) => (all.at(-1) as (active: Span) => unknown)(span()),
  };
  trace.setGlobalTracerProvider({ getTracer: () => tracer });
  return told;
}
