// What stands on the terminal: lines in their order, cures, the sum, colours where there are any, and no secret.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { secretsOf } from '../../../src/doctor/report';
import { DoctorRig } from './doctor-rig';

let rig: DoctorRig;

beforeEach(async () => {
  rig = await DoctorRig.start();
});

afterEach(() => rig.close());

test('one line a check, always in the same order, and the sum', async () => {
  const { exitCode, text } = await rig.print();

  const lines = text.split('\n');
  expect(exitCode).toBe(0);
  expect(lines.slice(0, 4).map((line) => line.slice(9, 31).trim())).toEqual([
    'Node.js',
    'memory',
    'settings',
    'open files',
  ]);
  expect(lines.find((line) => line.includes('Telnyx key'))).toBe(
    'ok       Telnyx key            accepted, 100.00 USD available',
  );
  expect(lines.at(-1)).toBe('19 ok, 0 to look at, 0 failed, 2 skipped. Calls can be placed.');
  const again = await rig.print();
  const names = (printed: string): string[] => printed.split('\n').map((line) => line.slice(9, 31));
  expect(names(again.text)).toEqual(names(text));
});

test('a failure has its cure on the next line', async () => {
  rig.telnyx.holdings.profile.enabled = false;

  const { exitCode, text } = await rig.print();

  expect(exitCode).toBe(1);
  expect(text).toContain(
    'fail     Telnyx profile        the outbound voice profile is disabled\n' +
      `${' '.repeat(31)}-> Enable it: Portal, Voice, Outbound Voice Profiles.\n`,
  );
  expect(text).toMatch(/1 failed, 2 skipped\. Calls will not work yet\.$/);
});

test('colours stand around the state only, and only where there are any', async () => {
  rig.surroundings = { hasColour: true };

  const { text } = await rig.print();

  expect(text).toContain('\u001b[32mok       \u001b[39mTelnyx key');
  expect((await new Promise<string>((resolve) => void plain().then(resolve))).includes('\u001b')).toBe(false);
});

async function plain(): Promise<string> {
  rig.surroundings = {};
  return (await rig.print()).text;
}

test('an option that does not exist shows those that do', async () => {
  expect(await rig.print(['--fix'])).toMatchObject({ exitCode: 1, text: expect.stringContaining('--json') });
  expect(await rig.print(['--help'])).toMatchObject({ exitCode: 0, text: expect.stringContaining('Places no call') });
  expect(rig.telnyx.requests).toEqual([]);
});

const CANARIES = {
  TELNYX_API_KEY: 'KEYcanary0000000001',
  OPENAI_API_KEY: 'sk-canary0000000002',
  API_KEYS: 'crm:canary0000000003abc,canary0000000004abc',
  TOOL_SIGNING_SECRET: 'canary0000000005',
  TOOL_CRM_TOKEN: 'Bearer canary0000000006',
  DATABASE_URL: 'postgres://user:canary0000000007@127.0.0.1:1/db',
  STATUS_CALLBACK_SECRET: `whsec_${Buffer.from('canary0000000008-and-more-of-it').toString('base64')}`,
  BASE_PUBLIC_URL: 'http://user:canary0000000009@127.0.0.1:1',
  STATUS_CALLBACK_URL: 'https://user:canary0000000010@crm.invalid/?token=canary0000000011',
};

test.each([
  ['sound', {}],
  [
    'refused',
    {
      LOG_LEVEL: 'loud',
      API_KEYS: 'canary0000000003abc,canary0000000003abc',
      TELNYX_API_KEY: 'canary\u20190000000001',
    },
  ],
])('no secret is printed, whatever happens: %s', async (_what, env) => {
  rig.env = { ...CANARIES, ...env };

  const [lines, json] = [await rig.print(), await rig.print(['--json'])];

  expect(lines.exitCode).toBe(1);
  for (const text of [lines.text, json.text]) {
    expect(text).not.toMatch(/canary/);
    expect(text).not.toContain(CANARIES.STATUS_CALLBACK_SECRET);
    expect(text).not.toContain('+12025550100');
  }
});

test('no secret is printed that a far end says back', async () => {
  rig.env = { TOOL_CRM_TOKEN: 'gpt-realtime-2.1-mini' };

  const { text } = await rig.print();

  // As unlikely as a key with the name of a model: the last gate does not ask where a text comes from.
  expect(text).toContain('accepted, *** is there');
});

test('as a process of its own it exits with 1 when something failed, and without a stack', async () => {
  const doctor = join(__dirname, '../../../src/doctor.ts');
  const child = spawn(process.execPath, ['--require', require.resolve('tsx/cjs'), doctor], {
    cwd: rig.dataDir,
    env: { PATH: process.env['PATH'], ...rig.environment, TELNYX_CONNECTION_ID: '1' },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (said += text.toString()));

  const [exitCode] = (await once(child, 'close')) as unknown[];

  expect(exitCode).toBe(1);
  expect(said).toContain('no Call Control application');
  expect(said).toMatch(/Calls will not work yet\.\n$/);
  expect(said).not.toContain('\u001b');
  expect(said).not.toMatch(/^\s+at /m);
}, 60_000);

test('hosts and numbers of settings that are named like secrets are none', () => {
  const environment = {
    TOOL_SECRET_HOSTS: '127.0.0.1,localhost',
    CALLS_PER_KEY_PER_DAY: '1000',
    TOOL_CRM_KEY: 'c4n4ry',
  };

  expect(secretsOf(environment)).toEqual(expect.arrayContaining(['c4n4ry']));
  expect(secretsOf(environment)).not.toEqual(expect.arrayContaining(['127.0.0.1']));
  expect(secretsOf(environment)).not.toEqual(expect.arrayContaining(['1000']));
});
