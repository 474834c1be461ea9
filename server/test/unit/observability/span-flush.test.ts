import { trace, type TracerProvider } from '@opentelemetry/api';
import { sendSpans } from '../../../src/app/seeing';
import { flushSpans } from '../../../src/observability/span-flush';
import { ManualClock, settle } from '../../support/manual-clock';

afterEach(() => trace.disable());

/** The provider of an SDK. */
function register(forceFlush?: () => Promise<void>): void {
  const provider = { getTracer: trace.getTracer.bind(trace), forceFlush };
  trace.setGlobalTracerProvider(provider satisfies TracerProvider);
}

test('what an SDK keeps back is sent', async () => {
  const forceFlush = jest.fn(() => Promise.resolve());
  register(forceFlush);

  await flushSpans();

  expect(forceFlush).toHaveBeenCalledTimes(1);
});

test('without an SDK, and with one that keeps nothing, there is nothing to do', async () => {
  await flushSpans();
  register();
  await flushSpans();
});

test('an SDK that fails is none of our trouble', async () => {
  register(() => Promise.reject(new Error('The collector is away.')));
  await flushSpans();
  register(() => {
    throw new Error('Shut down.');
  });
  await flushSpans();
});

test('the end of the process waits two seconds for a collector that does not answer', async () => {
  register(() => new Promise(() => undefined));
  const clock = new ManualClock();
  let isDone = false;
  const sent = sendSpans(clock).then(() => (isDone = true));
  await clock.advanceAsync(1_999);
  expect(isDone).toBe(false);

  await clock.advanceAsync(1);
  await settle();

  expect(isDone).toBe(true);
  await sent;
  expect(clock.pendingTimers).toBe(0);
});
