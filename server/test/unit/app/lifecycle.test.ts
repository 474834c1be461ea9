// Start and stop of a server whose parts a test controls: whatever goes wrong, every leg is hung up and the stop ends.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { App } from '../../../src/app/compose';
import { Connections } from '../../../src/app/connections';
import { httpLimits } from '../../../src/app/http-limits';
import type { Config } from '../../../src/config/config';
import type { MediaGateway } from '../../../src/media/stream/media-gateway';
import { type RunningServer, start } from '../../../src/app/lifecycle';
import { settle } from '../../support/manual-clock';
import { CallHarness } from '../calls/call-harness';

const DRAIN_MS = 30_000;
const NEVER = new Promise<never>(() => undefined);

let calls: CallHarness;
/** What was asked of the app, in order. */
let done: string[];
let onSettle: () => Promise<void>;
let onRelease: () => Promise<void>;

beforeEach(() => {
  calls = new CallHarness();
  done = [];
  onSettle = () => Promise.resolve();
  onRelease = () => Promise.resolve();
});

function anApp(port = 0): App {
  const config = {
    http: { host: '127.0.0.1', port, publicUrl: 'http://localhost', apiKeys: [] },
    access: { maxConcurrentCalls: 100 },
  };
  const gateway: Partial<MediaGateway> = { close: () => void done.push('close streams') };
  return {
    config: config as unknown as Config,
    gateway: gateway as MediaGateway,
    http: express(),
    httpLimits: httpLimits(100),
    connections: new Connections(httpLimits(100), calls.clock),
    tunnel: undefined,
    calls: calls.service,
    clock: calls.clock,
    log: calls.log,
    metrics: { onConnectionRefused: () => undefined },
    start: () => done.push('start'),
    stop: () => done.push('stop'),
    settle: () => (done.push('settle'), onSettle()),
    release: () => (done.push('release'), onRelease()),
  };
}

/** Follows a promise without waiting for it. */
function watched(promise: Promise<void>): { isDone: boolean } {
  const state = { isDone: false };
  void promise.then(() => (state.isDone = true));
  return state;
}

test('a port that is taken ends the start, and nothing is left that would keep the process', async () => {
  const taken: Server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));

  const started = start(anApp((taken.address() as AddressInfo).port));

  await expect(started).rejects.toMatchObject({ code: 'EADDRINUSE' });
  expect(done).toEqual(['stop', 'release']);
  taken.close();
});

describe('a stop', () => {
  let server: RunningServer;

  beforeEach(async () => {
    server = await start(anApp());
  });

  test('ends every part in its order, and leaves no timer', async () => {
    await server.stop(DRAIN_MS);

    expect(done).toEqual(['start', 'stop', 'close streams', 'settle', 'release']);
    expect(calls.clock.pendingTimers).toBe(0);
    await expect(fetch(server.url)).rejects.toThrow();
  });

  test('that is asked for twice adds no last words in the voice of the carrier', async () => {
    const callId = await calls.place();
    await calls.answer(callId);
    const first = server.stop(DRAIN_MS);

    await Promise.all([first, server.stop(DRAIN_MS)]);

    expect(calls.carrier.spoken).toEqual([]);
    expect(calls.hungUp).toEqual(['leg-1']);
    expect(calls.clock.pendingTimers).toBe(0);
  });

  test('that is asked for twice still writes what there is to write, for a while', async () => {
    onSettle = () => NEVER;
    void server.stop(DRAIN_MS);
    const stopped = watched(server.stop(DRAIN_MS));
    await settle();
    expect(stopped.isDone).toBe(false);

    await calls.clock.advanceAsync(5_000);

    expect(stopped.isDone).toBe(true);
    expect(done.at(-1)).toBe('release');
  });

  test('ends although the database does not let go', async () => {
    onRelease = () => NEVER;

    const stopped = watched(server.stop(0));
    await calls.clock.advanceAsync(10_000);

    expect(stopped.isDone).toBe(true);
  });

  test('ends although letting go fails', async () => {
    onRelease = () => Promise.reject(new Error('boom'));

    await server.stop(0);

    expect(calls.log.at('error')).toHaveLength(1);
  });
});
