import type { LookupAddress } from 'node:dns';
import fc from 'fast-check';
import { isPrivateAddress, isPublicAddress, urlGuard, UrlRefusedError } from '../../../src/lib/url-guard';

const PRIVATE = [
  '10.0.0.1',
  '10.255.255.255',
  '100.64.0.1',
  '100.127.255.255',
  '127.0.0.1',
  '127.8.9.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '::1',
  'fc00::1',
  'fd12:3456::1',
];

const FORBIDDEN = [
  '0.0.0.0',
  '0.1.2.3',
  '100.100.100.200',
  '168.63.129.16',
  '169.254.169.254',
  '192.0.0.192',
  '192.0.2.1',
  '192.88.99.1',
  '198.18.0.1',
  '198.19.255.255',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::127.0.0.1',
  'fd00:ec2::254',
  'fe80::1',
  'fe80::1%eth0',
  'fec0::1',
  'ff02::1',
  '100::1',
  '2001::1',
  '2001:10::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '3fff::1',
  '64:ff9b:1::1',
  '::ffff:0:127.0.0.1',
];

const PUBLIC = [
  '1.1.1.1',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.167.1.1',
  '198.17.1.1',
  '223.255.255.255',
  '2001:4860:4860::8888',
  '2606:4700::1111',
];

/** Each IPv4 address in the ways in which IPv6 writes one. */
function embedded(address: string): string[] {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  const [high, low] = [(a * 256 + b).toString(16), (c * 256 + d).toString(16)];
  return [
    `::ffff:${address}`,
    `::ffff:${high}:${low}`,
    `0:0:0:0:0:ffff:${high}:${low}`,
    `64:ff9b::${address}`,
    `64:ff9b::${high}:${low}`,
  ];
}

function withEmbedded(addresses: readonly string[]): string[] {
  return addresses.flatMap((address) => (address.includes(':') ? [address] : [address, ...embedded(address)]));
}

function verdicts(addresses: readonly string[]): string[] {
  return [...new Set(addresses.map((address) => `${isPublicAddress(address)} ${isPrivateAddress(address)}`))];
}

test('tells public, private and forbidden addresses apart, in whatever form', () => {
  expect(verdicts(withEmbedded(PUBLIC))).toEqual(['true false']);
  expect(verdicts(withEmbedded(PRIVATE))).toEqual(['false true']);
  expect(verdicts(withEmbedded(FORBIDDEN))).toEqual(['false false']);
});

test('what is no address is neither public nor private', () => {
  expect(verdicts(['', 'localhost', '1.2.3', '1.2.3.4.5', ':::', '[::1]', '1.1.1.1:80'])).toEqual(['false false']);
});

test('an IPv4 address has the same verdict in each of its forms', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      for (const form of embedded(address)) {
        expect([form, isPublicAddress(form)]).toEqual([form, isPublicAddress(address)]);
        expect([form, isPrivateAddress(form)]).toEqual([form, isPrivateAddress(address)]);
      }
    }),
  );
});

test('no address is public and private at once', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
      expect(isPublicAddress(address) && isPrivateAddress(address)).toBe(false);
    }),
  );
});

const strict = urlGuard({ allowsPrivateAddresses: false });
const lenient = urlGuard({ allowsPrivateAddresses: true });

test.each([
  'http://127.0.0.1/',
  'http://127.1/',
  'http://0x7f.0.0.1/',
  'http://017700000001/',
  'http://2130706433:8080/',
  'http://127.0.0.1./',
  'http://①27.0.0.1/',
  'https://[::1]/',
  'https://[::ffff:10.0.0.1]/',
])('refuses %s, unless private addresses are allowed', (url) => {
  expect(() => strict.check(url)).toThrow(UrlRefusedError);
  expect(() => lenient.check(url)).not.toThrow();
});

test.each(['http://169.254.169.254/latest/meta-data', 'http://[fd00:ec2::254]/', 'http://0/', 'http://[fe80::1]/'])(
  'refuses %s in any case',
  (url) => {
    expect(() => strict.check(url)).toThrow(UrlRefusedError);
    expect(() => lenient.check(url)).toThrow(UrlRefusedError);
  },
);

test.each(['https://example.com/a', 'http://1.1.1.1:8080/', 'https://[2606:4700::1111]/'])('lets %s pass', (url) => {
  expect(() => strict.check(url)).not.toThrow();
});

test.each(['file:///etc/passwd', 'ftp://example.com', 'gopher://example.com', 'no url'])('refuses %s', (url) => {
  expect(() => lenient.check(url)).toThrow('no http(s) URL');
});

type Found = { readonly error: Error | null; readonly address: string | LookupAddress[]; readonly family?: number };

/** Looks a name up through a guard whose resolver finds these addresses. */
function lookUp(addresses: string[] | Error, { allowsPrivateAddresses = false, all = true } = {}): Promise<Found> {
  const guard = urlGuard({
    allowsPrivateAddresses,
    resolve: (_name, options, callback) => {
      expect(options.all).toBe(true);
      if (addresses instanceof Error) callback(addresses, []);
      else callback(null, addresses.map(asFound));
    },
  });
  return new Promise((resolve) => {
    guard.lookup('example.com', { all }, (error, address, family) => resolve({ error, address, family }));
  });
}

function asFound(address: string): LookupAddress {
  return { address, family: address.includes(':') ? 6 : 4 };
}

test('a name is connected to at the addresses that were checked', async () => {
  const addresses = ['1.1.1.1', '2606:4700::1111'];

  expect(await lookUp(addresses)).toEqual({ error: null, address: addresses.map(asFound) });
  expect(await lookUp(addresses, { all: false })).toEqual({ error: null, address: '1.1.1.1', family: 4 });
});

test.each([[['127.0.0.1']], [['1.1.1.1', '10.0.0.1']], [['2606:4700::1111', '::ffff:192.168.1.1']]])(
  'a name that resolves to %j is refused, unless private addresses are allowed',
  async (addresses) => {
    expect((await lookUp(addresses)).error).toBeInstanceOf(UrlRefusedError);
    expect((await lookUp(addresses, { all: false })).error).toBeInstanceOf(UrlRefusedError);
    expect((await lookUp(addresses, { allowsPrivateAddresses: true })).error).toBeNull();
  },
);

test('a name that resolves to a metadata service is refused in any case', async () => {
  expect((await lookUp(['169.254.169.254'], { allowsPrivateAddresses: true })).error).toBeInstanceOf(UrlRefusedError);
});

test('a name that resolves to nothing is an error, and so is a failed lookup', async () => {
  const failure = new Error('getaddrinfo');

  expect((await lookUp([])).error).toBeInstanceOf(UrlRefusedError);
  expect((await lookUp(failure)).error).toBe(failure);
});

test('the lookup of this machine is the real one', async () => {
  const error = await new Promise((resolve) => {
    strict.lookup('localhost', { all: true }, resolve);
  });

  expect(error).toBeInstanceOf(UrlRefusedError);
});
