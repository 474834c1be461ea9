// Why there was no answer from a host: what the system says of it, in words, with the cure.

import { TimeLimitError } from './finding';

/** Nobody answered, and what to do about it. */
export type Unreachable = { readonly found: string; readonly cure: string };

const MAX_CAUSES = 6;

const NETWORK: Readonly<Record<string, Unreachable>> = {
  ENOTFOUND: { found: 'the name of its host is not known', cure: 'Check the host name, and DNS on this machine.' },
  EAI_AGAIN: { found: 'DNS does not answer', cure: 'Check the network and the DNS settings of this machine.' },
  ECONNREFUSED: { found: 'nothing listens there', cure: 'Check host and port, and that what should be there runs.' },
  ECONNRESET: { found: 'the connection was broken', cure: 'Check proxies and firewalls in between.' },
  ETIMEDOUT: { found: 'nothing answers there', cure: 'Check firewalls in between, and that the host is up.' },
  EHOSTUNREACH: { found: 'there is no way to its host', cure: 'Check the network of this machine.' },
  ENETUNREACH: { found: 'there is no way to its network', cure: 'Check the network of this machine.' },
};

const CERTIFICATE = /CERT|SELF_SIGNED|ISSUER|ALTNAME/;

/** What an error of a request says about the other side. */
export function unreachable(error: unknown): Unreachable {
  if (chain(error).some((each) => each instanceof TimeLimitError)) {
    return { found: new TimeLimitError().message.toLowerCase(), cure: 'Check firewalls in between, and try again.' };
  }
  const codes = chain(error).flatMap(({ code }) => (typeof code === 'string' ? [code] : []));
  const known = codes.flatMap((code) => NETWORK[code] ?? [])[0];
  if (known) return known;
  const certificate = codes.find((code) => CERTIFICATE.test(code));
  if (certificate) {
    const cure = 'Use a certificate of a public authority for exactly this host name, with all intermediate ones.';
    return { found: `its certificate is not valid (${certificate})`, cure };
  }
  return {
    found: `it does not answer as it should (${codes.at(-1) ?? 'no reason given'})`,
    cure: 'Check the URL and the network.',
  };
}

/** An error and what caused it; an error that stands for several has the reason in one of them. */
function chain(error: unknown): Record<string, unknown>[] {
  const links: Record<string, unknown>[] = [];
  let link = error;
  while (isObject(link) && links.length < MAX_CAUSES) {
    links.push(link);
    link = Array.isArray(link['errors']) ? (link['errors'] as unknown[])[0] : link['cause'];
  }
  return links;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
