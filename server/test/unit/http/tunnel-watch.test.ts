// Which requests give a tunnel of plain TCP away, and which do not.

import type { IncomingMessage } from 'node:http';
import { TunnelWatch } from '../../../src/http/tunnel-watch';
import { RecordingLogger } from '../../support/fakes';

function aRequest(hosts: readonly string[], headers: Record<string, string> = {}, from = '127.0.0.1'): IncomingMessage {
  const all = { ...headers, host: hosts[0] };
  return {
    headers: all,
    headersDistinct: { host: hosts },
    socket: { remoteAddress: from },
  } as unknown as IncomingMessage;
}

let log: RecordingLogger;
let watch: TunnelWatch;

beforeEach(() => {
  log = new RecordingLogger();
  watch = new TunnelWatch(log);
});

test.each([
  [['calls.example.com']],
  [['calls.example.com:443']],
  [['203.0.113.7']],
  [['localhost', 'calls.example.com']],
  [['localhost.example.com']],
])('a request of this machine for %j is one of outside', (hosts) => {
  watch.look(aRequest(hosts));

  expect(watch.isProven).toBe(true);
});

test.each<[string, IncomingMessage]>([
  ['this machine itself', aRequest(['127.0.0.1:3000'])],
  ['a probe that names no host', aRequest([''])],
  ['one in an old protocol', aRequest([])],
  ['a tunnel that says so', aRequest(['calls.example.com'], { 'x-forwarded-for': '203.0.113.7' })],
  ['another machine', aRequest(['calls.example.com'], {}, '10.0.0.7')],
])('%s proves nothing', (_what, request) => {
  watch.look(request);

  expect(watch.isProven).toBe(false);
  expect(log.lines).toEqual([]);
});

test('it is said once, with the cure, and stays so', () => {
  for (let count = 0; count < 3; count += 1) watch.look(aRequest(['c4n4ry.example.com']));
  watch.look(aRequest(['localhost']));

  expect(watch.isProven).toBe(true);
  expect(log.at('warn').map(({ message }) => message)).toEqual([expect.stringContaining('API_KEYS')]);
  expect(JSON.stringify(log.lines)).not.toContain('c4n4ry');
});
