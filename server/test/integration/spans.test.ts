import { type Span, trace } from '@opentelemetry/api';
import { TestBridge } from '../support/test-bridge';

/** An SDK that sends its spans when it is told to, as those with a batch do. */
class BatchingSdk {
  #kept: string[] = [];
  readonly sent: string[] = [];

  getTracer(): never {
    const startSpan = (name: string): Partial<Span> => ({
      isRecording: () => true,
      spanContext: () => ({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }),
      setAttributes: () => undefined as never,
      setAttribute: () => undefined as never,
      setStatus: () => undefined as never,
      addEvent: () => undefined as never,
      end: () => void this.#kept.push(name),
    });
    return { startSpan } as never;
  }

  forceFlush(): Promise<void> {
    this.sent.push(...this.#kept);
    this.#kept = [];
    return Promise.resolve();
  }
}

afterEach(() => trace.disable());

test('the spans of a call that the stop of the server ends are sent', async () => {
  const sdk = new BatchingSdk();
  trace.setGlobalTracerProvider(sdk);
  const bridge = await TestBridge.start();
  const callId = await bridge.place();
  await bridge.entry(callId, 'greeting.started');

  await bridge.stopServer();

  expect(sdk.sent).toEqual(expect.arrayContaining(['call', 'conversation', 'hang up']));
  await bridge.close();
}, 60_000);
