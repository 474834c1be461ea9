import { isLoopbackAddress, isLoopbackHost } from '../../../src/lib/loopback';

test.each(['127.0.0.1', '127.0.0.2', '127.255.255.255', '::1', '::ffff:127.0.0.1', '::FFFF:127.1.2.3'])(
  '%s is an address of this machine',
  (address) => {
    expect(isLoopbackAddress(address)).toBe(true);
  },
);

test.each([
  undefined,
  '',
  'localhost',
  '128.0.0.1',
  '126.255.255.255',
  '0.0.0.0',
  '10.0.0.1',
  '192.168.0.1',
  '169.254.0.1',
  '::',
  '::2',
  '::127.0.0.1',
  '::ffff:10.0.0.1',
  '::ffff:0:127.0.0.1',
  'fe80::1',
  'fe80::1%lo',
  '127.0.0.1.evil.example',
])('%s is not', (address) => {
  expect(isLoopbackAddress(address)).toBe(false);
});

test.each(['localhost', 'LOCALHOST:3000', '127.0.0.1:3000', '127.0.0.2', '[::1]', '[::1]:65535'])(
  '%s may be asked for on this machine',
  (host) => {
    expect(isLoopbackHost(host)).toBe(true);
  },
);

test.each([
  '',
  'localhost.',
  'xlocalhost',
  'localhost.evil.example',
  'evil.example:80#localhost',
  'localhost:80:80',
  'localhost:',
  'localhost:123456',
  'user@localhost',
  'localhost/evil',
  'localhost\tevil',
  '127.0.0.1.nip.io',
  '127.1',
  '127.999.999.999',
  '127.0.0.256',
  '127.0.0.01',
  '2130706433',
  '0x7f000001',
  '[::1%25lo]',
  '[::ffff:127.0.0.1]',
  '::1',
  '0.0.0.0:3000',
])('%j may not', (host) => {
  expect(isLoopbackHost(host)).toBe(false);
});
