// Names that look like settings and are none: a typing error in a name would otherwise be a setting without effect.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SETTING_NAMES } from '../../../src/config/config';
import { unknownSettings } from '../../../src/config/unknown-settings';

function inFile(...names: readonly string[]): unknown {
  return unknownSettings({ fileNames: names, environment: {} });
}

function inEnvironment(...names: readonly string[]): unknown {
  const environment = Object.fromEntries(names.map((name) => [name, 'x']));
  return unknownSettings({ fileNames: [], environment });
}

test.each([
  ['OPENAI_API_KY', 'OPENAI_API_KEY'],
  ['OPENAI_API_KEYS', 'OPENAI_API_KEY'],
  ['API_KEY', 'API_KEYS'],
  ['BASE_PUBLIC_ULR', 'BASE_PUBLIC_URL'],
  ['MAX_CONCURRENT_CALL', 'MAX_CONCURRENT_CALLS'],
  ['TOOL_FILE', 'TOOLS_FILE'],
  ['TOOL_SIGNING_SECRETS', 'TOOL_SIGNING_SECRET'],
  ['PORTS', 'PORT'],
])('%s is told with %s, wherever it stands', (name, nearest) => {
  expect(inFile(name)).toEqual([{ name, nearest }]);
  expect(inEnvironment(name)).toEqual([{ name, nearest }]);
});

test('what stands in the file is a setting, or told', () => {
  expect(inFile('SILENCE_SECONDS', 'VOICE', 'tools_file')).toEqual([
    { name: 'SILENCE_SECONDS', nearest: undefined },
    { name: 'VOICE', nearest: undefined },
    { name: 'tools_file', nearest: 'TOOLS_FILE' },
  ]);
});

test('names that are right are not told', () => {
  expect(inFile(...SETTING_NAMES, 'TOOL_CRM_KEY')).toEqual([]);
  expect(inEnvironment(...SETTING_NAMES, 'TOOL_CRM_KEY')).toEqual([]);
});

test('a name that the file has put into the environment is told once', () => {
  const environment = { OPENAI_API_KY: 'x' };

  expect(unknownSettings({ fileNames: ['OPENAI_API_KY'], environment })).toHaveLength(1);
});

test('what others understand may stand in the file', () => {
  const compose = readFileSync(join(__dirname, '../../../../compose.yaml'), 'utf8');
  const [, password = ''] = /\$\{(\w+):\?set it in \.env\}/.exec(compose) ?? [];

  expect(inFile(password, 'NODE_ENV', 'NODE_OPTIONS', 'TZ', 'NO_COLOR', 'OTEL_SERVICE_NAME', 'HTTPS_PROXY')).toEqual(
    [],
  );
});

test('what is in every environment is none of our business', () => {
  const usual =
    'PATH HOME HOSTNAME PWD OLDPWD USER LOGNAME SHELL SHLVL TERM LANG LC_ALL TZ MAIL EDITOR DISPLAY TMPDIR _ CI ' +
    'NODE_ENV NODE_OPTIONS NODE_VERSION YARN_VERSION NO_COLOR FORCE_COLOR HTTP_PROXY HTTPS_PROXY NO_PROXY ' +
    'POSTGRES_PASSWORD PGHOST PGPORT PGUSER REDIS_URL TEST_DATABASE_URL SSH_AUTH_SOCK XDG_DATA_DIRS XDG_DATA_HOME ' +
    'KUBERNETES_SERVICE_HOST KUBERNETES_PORT RAILWAY_PUBLIC_DOMAIN RENDER_EXTERNAL_URL FLY_APP_NAME INIT_CWD';

  expect(inEnvironment(...usual.split(' '), ...Object.keys(process.env))).toEqual([]);
});
