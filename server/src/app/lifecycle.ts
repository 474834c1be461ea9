// Start, drain, stop, in this order:
//   listen   -> requests, webhooks and streams are accepted
//   recover  -> calls that another process left behind are brought to their end
//   drain    -> no new calls; live calls may finish within a limit
//   leave    -> the AI says goodbye in those that are left
//   stop     -> what is still there is ended (legs hung up), records written and callbacks sent within a limit, sockets closed
// Told to stop for the second time, it does not drain and takes no leave: calls are ended, and what they were is written.

import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BoundedLog } from '../calls/bounded-log';
import { firstWithin } from '../calls/wait';
import { refuseUpgrade, type UpgradeRefusal } from '../lib/refuse-upgrade';
import { AudioFirst } from './audio-first';
import { type App, SETTLE_LIMIT_MS } from './compose';
import { warnOfExposure } from './exposure';
import { type HttpHandlers, limitedServer } from './http-limits';
import { answerOddRequests } from './refused-connections';

// A goodbye takes a few seconds; the AI itself gives up sooner.
const LEAVE_LIMIT_MS = 12_000;

// Ending the remaining calls means hanging up at the carrier, last words included; it has to end some time.
const END_ALL_LIMIT_MS = 15_000;

// Connections that were broken are gone within a moment; a media stream that says nothing more need not be.
const CLOSE_LIMIT_MS = 500;

// A database that does not let go of a connection must not keep the process.
const RELEASE_LIMIT_MS = 3_000;

// Some clients offer HTTP/2 in their first request; Node hands such a request over as an upgrade, whatever its path.
const NO_WEB_SOCKET: UpgradeRefusal = {
  status: 426,
  headers: ['Upgrade: websocket'],
  body: 'This server speaks HTTP/1.1 and WebSocket: send the request without an Upgrade header.',
};

/** A server that listens. */
export type RunningServer = {
  /** http URL of the listening socket. */
  readonly url: string;
  /** Lets live calls finish for `drainMs`, then says goodbye, ends them and stops. Calling it again makes it stop now. */
  readonly stop: (drainMs: number) => Promise<void>;
  /** Ends every call at once, legs hung up, and stops. */
  readonly stopNow: () => Promise<void>;
};

/** Starts listening; rejects when that is impossible, with nothing left behind. */
export async function start(app: App): Promise<RunningServer> {
  const server = await listening(app).catch(async (error: unknown) => {
    app.stop();
    await released(app);
    throw error;
  });
  const address = server.address() as AddressInfo;
  const url = `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
  app.start();
  warnOfExposure(app.config, app.log);
  const stop = stopper(app, server);
  const stopNow = (): Promise<void> => {
    void stop(0);
    return stop(0);
  };
  return { url, stop, stopNow };
}

async function listening(app: App): Promise<Server> {
  const { host, port } = app.config.http;
  const server = limitedServer(handlersOf(app), app.httpLimits);
  answerOddRequests(server, (why) => app.metrics.onConnectionRefused(why));
  await listen(server, host, port);
  // One connection that cannot be accepted, for want of files say, is no reason to end the calls that there are.
  server.on('error', (error) => app.log.error('A connection could not be accepted', { error }));
  return server;
}

function handlersOf(app: App): HttpHandlers {
  const { http, gateway, connections, tunnel, metrics, log, clock } = app;
  const bounded = new BoundedLog(log, clock);
  const onRequest = http as RequestListener;
  const audioFirst = new AudioFirst(() => clock.monotonicMs());
  return {
    onRequest: (request, response) => {
      tunnel?.look(request);
      audioFirst.run(() => onRequest(request, response));
    },
    onUpgrade: (request, socket, head) => {
      tunnel?.look(request);
      if (request.headers.upgrade?.toLowerCase() === 'websocket') return gateway.handleUpgrade(request, socket, head);
      metrics.onConnectionRefused('not-websocket');
      refuseUpgrade(socket, NO_WEB_SOCKET);
    },
    onDropped: () => {
      metrics.onConnectionRefused('no-room');
      bounded.warn('A connection was closed: there are too many');
    },
    onTooManyHeaders: () => metrics.onConnectionRefused('large-headers'),
    connections,
    clock,
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function stopper(app: App, server: Server): RunningServer['stop'] {
  const hurry = new AbortController();
  let stopping: Promise<void> | undefined;
  return (drainMs) => {
    if (stopping) hurry.abort();
    stopping ??= drain(app, drainMs, hurry.signal).then(() => endAndStop(app, server));
    return stopping;
  };
}

async function drain(app: App, drainMs: number, hurry: AbortSignal): Promise<void> {
  const hurried = new Promise((resolve) => hurry.addEventListener('abort', resolve));
  app.calls.startDraining();
  app.log.info('Draining: no new calls', { activeCalls: app.calls.activeCalls, drainMs });
  await firstWithin(app.clock, drainMs, [app.calls.whenIdle(), hurried]);
  if (hurry.aborted) return;
  app.calls.takeLeave();
  await firstWithin(app.clock, LEAVE_LIMIT_MS, [app.calls.whenIdle(), hurried]);
}

async function endAndStop(app: App, server: Server): Promise<void> {
  app.calls.endAll();
  await firstWithin(app.clock, END_ALL_LIMIT_MS, [app.calls.whenIdle()]);
  app.stop();
  app.gateway.close();
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await firstWithin(app.clock, SETTLE_LIMIT_MS, [app.settle()]);
  await released(app);
  server.closeAllConnections();
  await firstWithin(app.clock, CLOSE_LIMIT_MS, [closed]);
  app.log.info('Stopped');
}

async function released(app: App): Promise<void> {
  const release = app.release().catch((error: unknown) => app.log.error('The records could not be closed', { error }));
  await firstWithin(app.clock, RELEASE_LIMIT_MS, [release]);
}
