// Start, drain, stop, in this order:
//   listen   -> requests, webhooks and streams are accepted
//   drain    -> no new calls; live calls may finish within a limit
//   stop     -> what is left is ended (legs hung up), records written and callbacks sent within a limit, sockets closed

import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { firstWithin } from '../calls/wait';
import { type App, SETTLE_LIMIT_MS } from './compose';

// Ending the remaining calls means hanging up at the carrier, last words included; it has to end some time.
const END_ALL_LIMIT_MS = 15_000;

// Slow clients must not keep connections for ever; a webhook or a REST request is small.
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;

/** A server that listens. */
export type RunningServer = {
  /** http URL of the listening socket. */
  readonly url: string;
  /** Lets live calls finish for `drainMs`, then ends them and stops. Calling it again makes it stop now. */
  readonly stop: (drainMs: number) => Promise<void>;
};

/** Starts listening. */
export async function start(app: App): Promise<RunningServer> {
  const { host, port } = app.config.http;
  const server = createServer(app.http);
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.headers.upgrade?.toLowerCase() === 'websocket') app.gateway.handleUpgrade(request, socket, head);
    else refuseUpgrade(socket);
  });
  await listen(server, host, port);
  const address = server.address() as AddressInfo;
  const url = `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
  return { url, stop: stopper(app, server) };
}

/** Some clients offer HTTP/2 in their first request; Node hands such a request over as an upgrade, whatever its path. */
function refuseUpgrade(socket: Duplex): void {
  const body = 'This server speaks HTTP/1.1 and WebSocket: send the request without an Upgrade header.';
  socket.on('error', () => socket.destroy()).once('finish', () => socket.destroy());
  socket.end(
    `HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: close\r\nContent-Type: text/plain\r\n` +
      `Content-Length: ${body.length}\r\n\r\n${body}`,
  );
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
  let stopping: Promise<void> | undefined;
  let hurry: () => void = () => undefined;
  return (drainMs) => {
    if (stopping) hurry();
    stopping ??= drainAndStop(app, server, {
      drainMs,
      hurried: new Promise((resolve) => {
        hurry = resolve;
      }),
    });
    return stopping;
  };
}

type Drain = { readonly drainMs: number; readonly hurried: Promise<void> };

async function drainAndStop(app: App, server: Server, { drainMs, hurried }: Drain): Promise<void> {
  app.calls.startDraining();
  app.log.info('Draining: no new calls', { activeCalls: app.calls.activeCalls, drainMs });
  await firstWithin(app.clock, drainMs, [app.calls.whenIdle(), hurried]);
  app.calls.endAll();
  await firstWithin(app.clock, END_ALL_LIMIT_MS, [app.calls.whenIdle()]);
  app.gateway.close();
  server.close();
  server.closeIdleConnections();
  await firstWithin(app.clock, SETTLE_LIMIT_MS, [app.settle(), hurried]);
  await app.release();
  server.closeAllConnections();
  app.log.info('Stopped');
}
