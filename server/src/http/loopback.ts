// Which requests come directly from a program on this machine: not through a proxy or tunnel, and not from a web page of
// somebody else that is open in the operator's browser.

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Request } from 'express';
import { isLoopbackAddress, isLoopbackHost } from '../lib/loopback';

// Proxies, tunnels and load balancers add at least one of these. Those that are in use add `x-forwarded-for` as well; the
// rest is for the ones that are set up not to.
const FORWARDING_HEADERS: ReadonlySet<string> = new Set([
  'via',
  'max-forwards',
  'client-ip',
  'remote-addr',
  'true-client-ip',
  'proxy-client-ip',
  'wl-proxy-client-ip',
  'front-end-https',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-real-ip',
  'x-real-port',
  'x-remote-addr',
  'x-remote-ip',
  'x-originating-ip',
  'x-proxyuser-ip',
  'x-host',
  'x-scheme',
  'x-url-scheme',
  'x-rewrite-url',
  'x-cloud-trace-context',
]);

/** The same by the words that they begin with. */
const FORWARDING_PREFIXES = [
  'forwarded',
  'x-forward',
  'x-original-',
  'x-amz-cf-',
  'x-amzn-',
  'x-appengine-',
  'x-arr-',
  'x-azure-',
  'x-akamai-',
  'x-envoy-',
  'x-ms-containerapp-',
  'x-nf-',
  'x-proxy-',
  'x-railway-',
  'x-render-',
  'x-sucuri-',
  'x-tunnel-',
  'x-vercel-',
  'akamai-',
  'cdn-',
  'cf-',
  'cloudfront-',
  'fastly-',
  'fly-',
  'incap-',
  'ngrok-',
  'rndr-',
  'tailscale-',
];

// A browser says `none` for an address that its user has typed in, and `same-origin` for our own page.
const OWN_SITES: ReadonlySet<string> = new Set(['none', 'same-origin']);

/** Whether a request was made on this machine, for this machine, and by nobody's web page but ours. */
export function isDirectLoopback(request: Request): boolean {
  const { headers } = request;
  return (
    isLoopbackAddress(request.socket.remoteAddress) &&
    isForThisMachine(request) &&
    !wasForwarded(headers) &&
    isOfOwnSite(headers)
  );
}

/**
 * Whether a request came over this machine's own interface, with no word of a proxy, and yet for another name: what a
 * tunnel of plain TCP makes of a request from outside.
 */
export function isBareForward({ headers, headersDistinct, socket }: IncomingMessage): boolean {
  const hosts = headersDistinct['host'] ?? [];
  return (
    isLoopbackAddress(socket.remoteAddress) &&
    hosts.some((host) => host !== '' && !isLoopbackHost(host)) &&
    !wasForwarded(headers)
  );
}

/** A tunnel that adds no header still carries its own name here, and so does a rebinding attack from a browser. */
function isForThisMachine({ headersDistinct, originalUrl }: Request): boolean {
  const [host = '', another] = headersDistinct['host'] ?? [];
  // With the whole address in the request line, as for a proxy, that would be what counts and not the header.
  return another === undefined && isLoopbackHost(host) && originalUrl.startsWith('/');
}

function wasForwarded(headers: IncomingHttpHeaders): boolean {
  return Object.keys(headers).some(
    (name) => FORWARDING_HEADERS.has(name) || FORWARDING_PREFIXES.some((prefix) => name.startsWith(prefix)),
  );
}

/** Browsers alone send these headers, and no script can change or leave out what they say. */
function isOfOwnSite({ host = '', origin, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  if (site !== undefined && !(typeof site === 'string' && OWN_SITES.has(site))) return false;
  return origin === undefined || origin.toLowerCase() === `http://${host.toLowerCase()}`;
}
