// Start, drain, stop, in this order:
//   listen   -> requests, webhooks and streams are accepted
//   drain    -> no new calls; live calls may finish within a limit
//   stop     -> what is left is ended (legs hung up), records written, sockets closed

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { App } from './compose';

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
  server.on('upgrade', (request, socket, head) => app.gateway.handleUpgrade(request, socket, head));
  await listen(server, host, port);
  const address = server.address() as AddressInfo;
  const url = `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
  return { url, stop: stopper(app, server) };
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
  await firstOf(app, drainMs, [app.calls.whenIdle(), hurried]);
  app.calls.endAll();
  await firstOf(app, END_ALL_LIMIT_MS, [app.calls.whenIdle()]);
  app.gateway.close();
  server.close();
  server.closeIdleConnections();
  await app.release();
  server.closeAllConnections();
  app.log.info('Stopped');
}

/** Resolves with the first of the promises, or after `limitMs`. */
async function firstOf(app: App, limitMs: number, promises: readonly Promise<void>[]): Promise<void> {
  let cancel = (): void => undefined;
  const limit = new Promise<void>((resolve) => {
    const timer = app.clock.after(limitMs, resolve);
    cancel = () => timer.cancel();
  });
  await Promise.race([...promises, limit]);
  cancel();
}
