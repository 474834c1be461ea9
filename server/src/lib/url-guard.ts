// Keeps requests to users' addresses away from our own network: what a URL names is checked before the request, what
// a name resolves to is checked in the very lookup that the connection is made with, so that it cannot change between.

import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

type Subnet = readonly [address: string, prefixBits: number];

/** Somebody's own network. */
const PRIVATE_IPV4: readonly Subnet[] = [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
];

/** Addresses at which no service of a user can be, but a cloud's own (169.254.169.254 and the like) is. */
const FORBIDDEN_IPV4: readonly Subnet[] = [
  ['0.0.0.0', 8],
  // Alibaba Cloud's metadata; within the carriers' private range.
  ['100.100.100.200', 32],
  // Azure's host; looks like any other address.
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

const PRIVATE_IPV6: readonly Subnet[] = [
  ['::1', 128],
  ['fc00::', 7],
];

/** What of the global range is set aside for special uses: tunnels, examples, benchmarks. */
const FORBIDDEN_IPV6: readonly Subnet[] = [
  // Amazon's metadata; within the private range.
  ['fd00:ec2::', 32],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const GLOBAL_IPV6: readonly Subnet[] = [['2000::', 3]];

/** IPv6 addresses that are IPv4 ones in their last 32 bits: mapped, and NAT64's well-known prefix. */
const EMBEDDING_IPV6: readonly Subnet[] = [
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
];

const LISTS = {
  privateIpv4: blockList('ipv4', PRIVATE_IPV4),
  forbiddenIpv4: blockList('ipv4', FORBIDDEN_IPV4),
  privateIpv6: blockList('ipv6', PRIVATE_IPV6),
  forbiddenIpv6: blockList('ipv6', FORBIDDEN_IPV6),
  globalIpv6: blockList('ipv6', GLOBAL_IPV6),
  embeddingIpv6: blockList('ipv6', EMBEDDING_IPV6),
};

const LOCALHOST = /^(.+\.)?localhost\.?$/i;

type Resolve = (
  hostname: string,
  options: LookupOptions & { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** How strict a guard is. */
export type UrlGuardOptions = {
  /** True to let private and loopback addresses pass; a cloud's own addresses never do. */
  readonly allowsPrivateAddresses: boolean;
  /** Finds the addresses of a name; the system's resolver without other word. */
  readonly resolve?: Resolve | undefined;
};

/** An address is none that a user may have us call. */
export class UrlRefusedError extends Error {
  override readonly name = 'UrlRefusedError';
  readonly code = 'URL_REFUSED';
}

/** Checks where requests go. */
export interface UrlGuard {
  /** Checks everything but what a name resolves to. @throws UrlRefusedError */
  check(url: string): void;
  /** For the agent that makes the connection: fails with UrlRefusedError unless all addresses of the name are allowed. */
  readonly lookup: LookupFunction;
}

/** Whether a URL names no user and no password: what is in an address ends up in logs and records. */
export function hasNoCredentials(url: string): boolean {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  return !parsed || (parsed.username === '' && parsed.password === '');
}

/** Makes a guard. A request needs both of its parts: no lookup is made for an address that is written out. */
export function urlGuard({ allowsPrivateAddresses, resolve = dnsLookup }: UrlGuardOptions): UrlGuard {
  const mayConnect = (address: string): boolean =>
    isPublicAddress(address) || (allowsPrivateAddresses && isPrivateAddress(address));
  return {
    check: (url) => checkUrl(url, mayConnect),
    lookup: (hostname, options, callback) => {
      resolve(hostname, { ...options, all: true }, (error, addresses) => {
        const failure = error ?? refusalOf(addresses, mayConnect);
        const [first] = addresses ?? [];
        if (failure || !first) callback(failure ?? new UrlRefusedError('The name has no address.'), '');
        else if (options.all) callback(null, addresses);
        else callback(null, first.address, first.family);
      });
    },
  };
}

/** Whether an address, IPv4 or IPv6, is one of the open internet. */
export function isPublicAddress(address: string): boolean {
  const plain = plainAddress(address);
  if (plain === undefined) return false;
  if (isIP(plain) === 4) return !LISTS.privateIpv4.check(plain) && !LISTS.forbiddenIpv4.check(plain);
  return LISTS.globalIpv6.check(plain, 'ipv6') && !LISTS.forbiddenIpv6.check(plain, 'ipv6');
}

/** Whether an address is one of a private network or of this machine. */
export function isPrivateAddress(address: string): boolean {
  const plain = plainAddress(address);
  if (plain === undefined) return false;
  if (isIP(plain) === 4) return LISTS.privateIpv4.check(plain) && !LISTS.forbiddenIpv4.check(plain);
  return LISTS.privateIpv6.check(plain, 'ipv6') && !LISTS.forbiddenIpv6.check(plain, 'ipv6');
}

function checkUrl(url: string, mayConnect: (address: string) => boolean): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !['http:', 'https:'].includes(parsed.protocol)) throw new UrlRefusedError('This is no http(s) URL.');
  // The parser has brought every way to write an IPv4 address (octal, one number, ...) into the usual one.
  const host = parsed.hostname.replace(/^\[|\]$/g, '');
  // And this name is always this machine.
  const address = LOCALHOST.test(host) ? '127.0.0.1' : host;
  if (isIP(address) !== 0 && !mayConnect(address)) throw new UrlRefusedError('This address is not allowed.');
}

function refusalOf(addresses: readonly LookupAddress[], mayConnect: (address: string) => boolean): Error | undefined {
  // One bad address is enough: a name that is also ours was not meant well.
  if (addresses.every(({ address }) => mayConnect(address))) return undefined;
  return new UrlRefusedError('The name resolves to an address that is not allowed.');
}

/** The address without its zone, and as IPv4 where it stands for one; undefined for what is no address. */
function plainAddress(address: string): string | undefined {
  const bare = address.replace(/%.*$/, '');
  if (isIP(bare) === 0) return undefined;
  if (isIP(bare) === 4 || !LISTS.embeddingIpv6.check(bare, 'ipv6')) return bare;
  const [high = 0, low = 0] = ipv6Groups(bare).slice(-2);
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

/** The eight numbers of an IPv6 address. */
function ipv6Groups(address: string): number[] {
  // The parser writes them in hexadecimal, the last two also where they were written as IPv4.
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const before = numbersOf(head);
  if (tail === undefined) return before;
  const after = numbersOf(tail);
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}

function numbersOf(groups: string): number[] {
  return groups === '' ? [] : groups.split(':').map((group) => Number.parseInt(group, 16));
}

function blockList(family: 'ipv4' | 'ipv6', subnets: readonly Subnet[]): BlockList {
  const list = new BlockList();
  for (const [address, prefixBits] of subnets) list.addSubnet(address, prefixBits, family);
  return list;
}
