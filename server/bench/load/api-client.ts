// The server's REST API as the bench uses it: create a call, hang it up.

import { Agent, request } from 'node:http';

/** The key with which servers under the bench are started. */
export const BENCH_KEY = 'bench-key-0123456789';

const agent = new Agent({ keepAlive: true, maxSockets: 4 });

const HEADERS = { 'content-type': 'application/json', authorization: `Bearer ${BENCH_KEY}` };

/** Posts JSON to a local server and returns its answer. @throws Error for anything but 2xx */
export function post(url: string, body: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: 'POST', agent, headers: HEADERS });
    outgoing.once('error', reject).once('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.once('error', reject).once('end', () => {
        const status = response.statusCode ?? 0;
        if (status >= 200 && status < 300) resolve(JSON.parse(text));
        else reject(new Error(`POST ${url} was answered with ${status}: ${text}`));
      });
    });
    outgoing.end(JSON.stringify(body));
  });
}
