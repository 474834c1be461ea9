// What a certificate says: whether it is valid, and for how long.

import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { certificateFinding } from '../../../src/doctor/certificate-check';
import { DoctorRig } from './doctor-rig';
import { selfSigned } from './self-signed';

const NOW_MS = Date.parse('2026-11-20T12:00:00Z');

let server: Server | undefined;

afterEach(() => {
  server?.close();
  server?.closeAllConnections();
  server = undefined;
});

test.each([
  ['Jan 20 12:00:00 2027 GMT', 'ok', 'valid for 61 days'],
  ['Dec  4 12:00:01 2026 GMT', 'ok', 'valid for 14 days'],
  ['Dec  4 11:59:59 2026 GMT', 'warn', 'valid for 13 more days only'],
])('a valid one until %s', (validTo, state, found) => {
  expect(certificateFinding({ problem: undefined, validTo }, NOW_MS)).toMatchObject({ state, found });
});

test('one that is not valid', () => {
  const finding = certificateFinding({ problem: 'CERT_HAS_EXPIRED', validTo: 'Jan  1 00:00:00 2026 GMT' }, NOW_MS);

  expect(finding).toMatchObject({ state: 'fail', found: 'it is not valid (CERT_HAS_EXPIRED)' });
});

test('one that nobody vouches for fails, and so does the URL that has it', async () => {
  server = createServer(selfSigned(new Date(Date.now() + 1e10)), (_request, response) => response.end());
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const rig = await DoctorRig.start();
  rig.env = { BASE_PUBLIC_URL: `https://127.0.0.1:${(server.address() as AddressInfo).port}` };

  const result = await rig.examine();
  await rig.close();

  expect(result.line('certificate')).toMatchObject({ state: 'fail', found: expect.stringContaining('SELF_SIGNED') });
  expect(result.line('public URL')).toMatchObject({
    state: 'fail',
    found: expect.stringContaining('its certificate is not valid (DEPTH_ZERO_SELF_SIGNED_CERT)'),
  });
});
