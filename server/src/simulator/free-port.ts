/** Finding a port before anything listens on it: a server has to know its public address before it starts. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** Resolves with a TCP port of 127.0.0.1 that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
