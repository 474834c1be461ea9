// Who answers at HOST and PORT: the server, or, while it does not run, the doctor in its place, with the doors of the
// server that need no database. Whatever Telnyx delivers meanwhile is refused in such a way that it comes again.

import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import type { Clock, Logger } from '../calls/ports';
import { DrainingError } from '../calls/errors';
import { STREAM_TOKEN_HEADER } from '../carriers/telnyx/stream-frames';
import { TelnyxWebhooks } from '../carriers/telnyx/telnyx-webhooks';
import type { Config } from '../config/config';
import { WEBHOOK_PATH } from '../http/http-app';
import { problemHandler, routeNotFound } from '../http/problem';
import { IDENTITY_PATH, identityRouter } from '../http/routes/identity';
import { telnyxWebhooksRouter } from '../http/routes/telnyx-webhooks';
import type { IdentityProof } from '../lib/identity-proof';
import { MediaGateway } from '../media/stream/media-gateway';
import { StreamTokens } from '../media/stream/stream-tokens';
import { ask } from './ask';
import { bounded, type Check, fail, type Finding, ok, skipped } from './finding';

/** Who answers. */
export type Door =
  | { readonly kind: 'server' | 'doctor'; readonly address: string }
  /** Something has the port that does not know our keys. */
  | { readonly kind: 'stranger'; readonly address: string }
  /** The port is not to be had, or not known before the server runs. */
  | { readonly kind: 'closed'; readonly finding: Finding };

/** What the door works with. */
export type DoorDeps = { readonly clock: Clock; readonly log: Logger; readonly identity: IdentityProof };

const NONCE_BYTES = 24;

/** A text that nobody has signed yet. */
export function newNonce(): string {
  return randomBytes(NONCE_BYTES).toString('base64url');
}

/** The place at which the server listens, or would. */
export class FrontDoor {
  readonly #config: Config;
  readonly #deps: DoorDeps;
  #opened: Promise<Door> | undefined;
  #server: Server | undefined;
  #gateway: MediaGateway | undefined;

  constructor(config: Config, deps: DoorDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  /** Finds out who answers, and answers where nobody does. */
  open(): Promise<Door> {
    return (this.#opened ??= this.#open());
  }

  /** Answers no more. */
  close(): void {
    this.#gateway?.close();
    this.#server?.close();
    this.#server?.closeAllConnections();
  }

  async #open(): Promise<Door> {
    const { host, port } = this.#config.http;
    if (port === 0) return { kind: 'closed', finding: skipped('PORT=0: the port is not known before the server runs') };
    const server = this.#standIn();
    const code = await listening(server, host, port);
    if (code === undefined) {
      this.#server = server;
      return { kind: 'doctor', address: addressOf(host, (server.address() as AddressInfo).port) };
    }
    const address = addressOf(host, port);
    if (code === 'EADDRINUSE') return { kind: (await this.#isOurs(address)) ? 'server' : 'stranger', address };
    const found = `the server could not listen on HOST ${host} and PORT ${port} (${code})`;
    return { kind: 'closed', finding: fail(found, 'Set HOST to an address of this machine, PORT above 1023.') };
  }

  async #isOurs(address: string): Promise<boolean> {
    const nonce = newNonce();
    try {
      return await bounded(this.#deps.clock, async (signal) => {
        const { json } = await ask(`http://${address}${IDENTITY_PATH}?nonce=${nonce}`, { signal });
        const { signature } = json;
        return typeof signature === 'string' && this.#deps.identity.isSigned({ nonce }, signature);
      });
    } catch {
      // No answer, or none of ours.
      return false;
    }
  }

  /** The server's own doors with nothing behind them. */
  #standIn(): Server {
    const { clock, log } = this.#deps;
    const server = createServer(this.#app());
    const gateway = new MediaGateway({
      tokens: new StreamTokens(this.#config.http.publicUrl, clock),
      tokenHeader: STREAM_TOKEN_HEADER,
      announced: () => Promise.resolve(undefined),
      attach: () => false,
      clock,
      log,
    });
    this.#gateway = gateway;
    server.on('upgrade', (request, socket, head) => gateway.handleUpgrade(request, socket, head));
    return server;
  }

  #app(): Express {
    const { clock, log, identity } = this.#deps;
    const real = new TelnyxWebhooks(this.#config.telnyx.publicKey, clock);
    const webhooks = {
      checkHeaders: (headers: Readonly<Record<string, string>>) => real.checkHeaders(headers),
      receive: async (body: string, headers: Readonly<Record<string, string>>): Promise<never> => {
        await real.receive(body, headers);
        // Of a call of a server that is gone: the next one has to be told, not the doctor.
        throw new DrainingError('Only a check of the settings listens here.');
      },
    };
    const calls = { onCarrierEvent: () => Promise.resolve() };
    const app = express();
    app.disable('x-powered-by');
    app.use(IDENTITY_PATH, identityRouter(identity));
    app.use(WEBHOOK_PATH, telnyxWebhooksRouter({ calls, webhooks, clock, log }));
    app.use(routeNotFound);
    app.use(problemHandler(log));
    return app;
  }
}

/** Who is there. A server is known by its keys: while one of them is refused, nobody can tell. */
export function doorCheck(door: FrontDoor, isKeyRefused: () => Promise<boolean>): Check {
  const run = async (): Promise<readonly Finding[]> => {
    const opened = await door.open();
    if (opened.kind === 'stranger' && (await isKeyRefused())) {
      return [skipped(`because a key is not accepted: what listens at ${opened.address} is known by its keys`)];
    }
    return [doorFinding(opened)];
  };
  return { name: 'server', run };
}

function doorFinding(door: Door): Finding {
  switch (door.kind) {
    case 'server':
      return ok(`runs at ${door.address}`);
    case 'doctor':
      return ok(`does not run; this check answers at ${door.address} in its place`);
    case 'stranger':
      return fail(
        `what listens at ${door.address} is not this server with these settings`,
        'Start the server anew when keys have changed; stop the other program, or choose another PORT.',
      );
    default:
      return door.finding;
  }
}

/** Resolves with the code of the error for which it cannot listen. */
function listening(server: Server, host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    server.once('error', (error) => resolve('code' in error ? String(error.code) : error.name));
    server.listen(port, host, () => resolve(undefined));
  });
}

/** An address for all addresses is none that can be called. */
function addressOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
