// The HTTP under the Telnyx SDK, against a real server: what comes back, and what happens when nothing does.

import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { httpFetch } from '../../../src/carriers/telnyx/http-fetch';

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

async function serve(handler: RequestListener): Promise<string> {
  const started = createServer(handler);
  server = started;
  await new Promise<void>((resolve) => {
    started.listen(0, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(started.address() as AddressInfo).port}/v2/calls`;
}

test('a request arrives as it was made, and its answer can be read', async () => {
  const url = await serve((request, response) => {
    request.setEncoding('utf8').on('data', (body: string) => {
      response.writeHead(422, { 'content-type': 'application/json', 'x-request-id': 'r1' });
      response.end(JSON.stringify({ method: request.method, key: request.headers.authorization, body }));
    });
  });

  const answer = await httpFetch(url, { method: 'POST', headers: { Authorization: 'Bearer k' }, body: 'é' });

  expect([answer.status, answer.ok, answer.headers.get('X-Request-Id')]).toEqual([422, false, 'r1']);
  expect(await answer.json()).toEqual({ method: 'POST', key: 'Bearer k', body: 'é' });
});

test('a server that stops in the middle of its answer does not outlast the signal', async () => {
  const url = await serve((_request, response) => void response.writeHead(200).write('{"data":'));

  await expect(httpFetch(url, { signal: AbortSignal.timeout(100) })).rejects.toThrow();
});

test('an answer without end is broken off', async () => {
  const url = await serve((_request, response) => void response.end(Buffer.alloc(2 * 1024 * 1024)));

  await expect(httpFetch(url)).rejects.toThrow('longer than');
});

test('a server that is not there is told by its code', async () => {
  const url = await serve(() => undefined);
  await new Promise((resolve) => {
    server?.close(resolve);
  });

  await expect(httpFetch(url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});
