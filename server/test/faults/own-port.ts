// Ports for servers that have to know theirs before they listen. Below those that the system hands out to others, so that
// none is taken between the look and the use.

import { once } from 'node:events';
import { createServer } from 'node:net';

const FIRST_PORT = 10_000;
const PORTS = 20_000;

// Processes begin at different places.
let next = (process.pid * 61) % PORTS;

/** A port that is free. */
export async function ownPort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + (next % PORTS);
    next += 1;
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  const isListening = once(probe, 'listening').then(
    () => true,
    () => false,
  );
  probe.listen(port, '127.0.0.1');
  if (!(await isListening)) return false;
  probe.close();
  await once(probe, 'close');
  return true;
}
