import { warnOfExposure } from '../../../src/app/exposure';
import type { Config } from '../../../src/config/config';
import { RecordingLogger } from '../../support/fakes';

function warnings(publicUrl: string, keys: readonly string[] = []): string[] {
  const log = new RecordingLogger();
  const apiKeys = keys.map((key, index) => ({ name: `key-${index + 1}`, key }));
  warnOfExposure({ http: { host: '127.0.0.1', port: 3000, publicUrl, apiKeys } } as unknown as Config, log);
  return log.at('warn').map(({ message }) => message);
}

test.each([
  'https://calls.example.com',
  'http://192.168.0.10:3000',
  'https://localhost.example.com',
  'http://[2606:4700::1]',
])('a server at %s without keys is warned of, with the cure', (publicUrl) => {
  expect(warnings(publicUrl)).toEqual([expect.stringContaining('Set API_KEYS')]);
});

test.each(['http://localhost', 'http://127.0.0.1:3000/path', 'http://[::1]:3000'])(
  'one that is only reached from its own machine is not: %s',
  (publicUrl) => {
    expect(warnings(publicUrl)).toEqual([]);
  },
);

test('one with keys is not', () => {
  expect(warnings('https://calls.example.com', ['a-key-of-the-operator'])).toEqual([]);
});
