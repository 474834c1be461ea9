// Whether the public URL leads to this server and lets through what Telnyx sends: requests, bodies as they are, and
// WebSockets. Nothing is believed that is not signed by this server or marked as its own.

import type { ClientRequest, IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import type { Clock } from '../calls/ports';
import type { Config } from '../config/config';
import { WEBHOOK_PATH } from '../http/http-app';
import { PROBLEMS } from '../http/problem';
import { IDENTITY_PATH } from '../http/routes/identity';
import type { IdentityProof } from '../lib/identity-proof';
import { MEDIA_MARK } from '../media/stream/media-gateway';
import { MEDIA_PATH } from '../media/stream/stream-tokens';
import { type Answer, ask } from './ask';
import { type Door, newNonce } from './door';
import { bounded, type Check, fail, type Finding, ok, once, skipped } from './finding';
import { isOutOfReach, OUT_OF_REACH } from './settings-checks';
import { unreachable } from './unreachable';

const NOT_THERE = skipped('because the public URL does not lead here yet');
const STRANGER = skipped('because what listens on the port is not this server');

// Spaces, escapes and signs of several bytes: whoever parses and writes it again changes something.
const BODY = '{ "data" : {"event_type":"doctor" , "text":"\\u00e9 é ✓", "n": 1.50 } }\n';

const SIGNATURE_BYTES = 64;
const SECOND_MS = 1_000;

const PROXY_CURE = 'Point the proxy or tunnel at HOST and PORT of this server, and check BASE_PUBLIC_URL.';
const GATEWAY_ERRORS: ReadonlySet<number> = new Set([502, 503, 504]);

/** What the checks work with. */
export type PublicUrlDeps = {
  readonly clock: Clock;
  readonly identity: IdentityProof;
  /** The server answers, or somebody in its place. */
  readonly door: () => Promise<Door>;
};

/** The checks of the public URL. */
export function publicUrlChecks(config: Pick<Config, 'http' | 'telnyx'>, deps: PublicUrlDeps): readonly Check[] {
  const url = config.http.publicUrl;
  const leadsHere = once(async () => (isOutOfReach(config) ? OUT_OF_REACH : identityFinding(url, deps)));
  const behind = (look: (signal: AbortSignal) => Promise<Finding>) => async (): Promise<readonly Finding[]> => {
    const { state } = await leadsHere();
    if (state !== 'ok') return [isOutOfReach(config) ? OUT_OF_REACH : NOT_THERE];
    return [await bounded(deps.clock, look).catch(cannotReach)];
  };
  return [
    { name: 'public URL', run: async () => [await leadsHere()] },
    { name: 'webhooks', run: behind((signal) => webhookFinding(url, deps, signal)) },
    { name: 'media stream', run: behind((signal) => upgradeFinding(url, signal)) },
  ];
}

async function identityFinding(url: string, deps: PublicUrlDeps): Promise<Finding> {
  const { kind } = await deps.door();
  const finding = await roundTrip(url, deps);
  // What is at the port is told there; whatever it answers from outside follows from that.
  return kind === 'stranger' && finding.state === 'fail' ? STRANGER : finding;
}

async function roundTrip(url: string, { clock, identity }: PublicUrlDeps): Promise<Finding> {
  const nonce = newNonce();
  const startedAtMs = clock.monotonicMs();
  try {
    const answer = await bounded(clock, (signal) => ask(`${url}${IDENTITY_PATH}?nonce=${nonce}`, { signal }));
    const tookMs = Math.round(clock.monotonicMs() - startedAtMs);
    if (isSigned(answer, (signature) => identity.isSigned({ nonce }, signature))) {
      return ok(`${new URL(url).host} leads to this server, ${tookMs} ms`);
    }
    return strangerFinding(answer);
  } catch (error) {
    return cannotReach(error);
  }
}

function strangerFinding({ status, json }: Answer): Finding {
  if (status >= 300 && status < 400) {
    const cure = 'Set BASE_PUBLIC_URL to the address that it redirects to: Telnyx may take a redirect for a failure.';
    return fail(`it redirects (HTTP ${status})`, cure);
  }
  if (GATEWAY_ERRORS.has(status)) {
    return fail(`a proxy answers, and finds no server behind it (HTTP ${status})`, PROXY_CURE);
  }
  if (typeof json['signature'] === 'string') {
    const cure = 'Point it at this one, or start that one anew with the keys of these settings.';
    return fail('another server of this kind answers, with other keys', cure);
  }
  if (json['code'] === 'ROUTE_NOT_FOUND') {
    return fail('a server of this kind answers that is older, or whose path is not that of the URL', PROXY_CURE);
  }
  return fail(`another server answers (HTTP ${status})`, PROXY_CURE);
}

async function webhookFinding(url: string, { identity, clock }: PublicUrlDeps, signal: AbortSignal): Promise<Finding> {
  const nonce = newNonce();
  const headers = { 'content-type': 'application/json' };
  const echo = await ask(`${url}${IDENTITY_PATH}?nonce=${nonce}`, { headers, body: BODY, signal });
  if (!isSigned(echo, (signature) => identity.isSigned({ nonce, body: BODY }, signature))) {
    const isOurs = typeof echo.json['signature'] === 'string';
    return isOurs
      ? fail('bodies arrive changed: no webhook could be verified', 'Have the proxy pass bodies on as they are.')
      : fail(`a request with a body does not get here (HTTP ${echo.status})`, 'Have the proxy let POST through.');
  }
  const answer = await ask(`${url}${WEBHOOK_PATH}`, {
    headers: { ...headers, ...wrongSignature(clock) },
    body: BODY,
    signal,
  });
  const { status, title } = PROBLEMS.WEBHOOK_REFUSED;
  const isRefusal = answer.json['code'] === 'WEBHOOK_REFUSED' && answer.json['title'] === title;
  if (answer.status === status && isRefusal) return ok('get here as they are sent; one that is not signed is refused');
  return fail(
    `the answer to a webhook that is not signed is not the one of this server (HTTP ${answer.status})`,
    `Have the proxy pass ${WEBHOOK_PATH} on, its own sign-in left out, and answers as they are.`,
  );
}

/** Of the right form: the body is read before it is refused. */
function wrongSignature(clock: Clock): Record<string, string> {
  return {
    'telnyx-signature-ed25519': Buffer.alloc(SIGNATURE_BYTES, 1).toString('base64'),
    'telnyx-timestamp': String(Math.floor(clock.nowMs() / SECOND_MS)),
  };
}

async function upgradeFinding(url: string, signal: AbortSignal): Promise<Finding> {
  const { status, mark } = await upgrade(`${url.replace(/^http/, 'ws')}${MEDIA_PATH}`, signal);
  const [, ours] = MEDIA_MARK.split(': ');
  if (status === 401 && mark === ours) return ok('WebSockets get here; one without a token is refused');
  const cure =
    'Have the proxy pass on Upgrade and Connection (nginx: proxy_http_version 1.1, proxy_set_header Upgrade …).';
  if (status === 101) return fail('another server takes the WebSocket', PROXY_CURE);
  if (status === 404) return fail('a WebSocket gets here as an ordinary request: its Upgrade was taken off', cure);
  return fail(`a WebSocket does not get here (HTTP ${status})`, cure);
}

type UpgradeAnswer = { readonly status: number; readonly mark: string | undefined };

function upgrade(url: string, signal: AbortSignal): Promise<UpgradeAnswer> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    const answered = (answer: UpgradeAnswer): void => {
      resolve(answer);
      socket.terminate();
    };
    const [name = ''] = MEDIA_MARK.toLowerCase().split(': ');
    socket.on('error', reject);
    socket.on('open', () => answered({ status: 101, mark: undefined }));
    socket.on('unexpected-response', (request: ClientRequest, { statusCode = 0, headers }: IncomingMessage) => {
      request.destroy();
      const mark = headers[name];
      answered({ status: statusCode, mark: typeof mark === 'string' ? mark : undefined });
    });
    signal.addEventListener('abort', () => socket.terminate());
  });
}

function isSigned({ status, json }: Answer, isValid: (signature: string) => boolean): boolean {
  const { signature } = json;
  return status === 200 && typeof signature === 'string' && isValid(signature);
}

function cannotReach(error: unknown): Finding {
  const { found, cure } = unreachable(error);
  return fail(
    `it cannot be reached from here: ${found}`,
    `${cure} Some networks do not let a machine reach itself from outside.`,
  );
}
