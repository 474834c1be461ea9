// The user's own server in the demo: a calendar that the AI asks for free times through an HTTP tool.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

// As long as a database of moderate speed.
const LOOK_UP_MS = 400;

/** A calendar that listens on a free port. */
export type Calendar = { readonly url: string; readonly close: () => void };

/** Starts the calendar. */
export async function startCalendar(): Promise<Calendar> {
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      setTimeout(() => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ free: ['Thursday 10:00'] }));
      }, LOOK_UP_MS);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/free-times`, close: () => server.close() };
}
