// What names this machine: the addresses of its own interface, and the hosts that lead there.

import { BlockList } from 'node:net';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

const LOOPBACK_HOST = /^(localhost|127(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}|\[::1\])(:\d{1,5})?$/i;

/** Whether an address, as sockets have them, is one of this machine's own; an IPv4 one may be written as IPv6. */
export function isLoopbackAddress(address = ''): boolean {
  const isMapped = /^::ffff:\d+\./i.test(address);
  const plain = isMapped ? address.slice('::ffff:'.length) : address;
  return LOOPBACK.check(plain, plain.includes(':') ? 'ipv6' : 'ipv4');
}

/** Whether the name or address in a URL, with or without its port, is one of this machine's own. */
export function isLoopbackHost(host: string): boolean {
  return LOOPBACK_HOST.test(host);
}
