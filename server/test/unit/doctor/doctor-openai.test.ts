// What the doctor says of an OpenAI account: the key, the models, and a session with the settings of a call.

import { DoctorRig, IMPATIENT_CLOCK } from './doctor-rig';

let rig: DoctorRig;

beforeEach(async () => {
  rig = await DoctorRig.start();
});

afterEach(() => rig.close());

test('opens a session with the settings of a call, and has nothing said in it', async () => {
  rig.env = { OPENAI_VOICE: 'cedar', OPENAI_AUDIO_FORMAT: 'pcmu' };

  const result = await rig.examine();

  expect(result.line('OpenAI key')).toMatchObject({ state: 'ok', found: 'accepted, gpt-realtime-2.1-mini is there' });
  expect(result.line('OpenAI transcription').state).toBe('ok');
  expect(result.line('OpenAI session')).toMatchObject({
    state: 'ok',
    found: expect.stringContaining('with cedar and pcmu, ready in'),
  });
  const [session] = rig.openai.sessions;
  await session!.untilClosed();

  expect(session!.closed).toBe(true);
  expect(session!.responses).toEqual([]);
});

test('a key that is not accepted', async () => {
  rig.env = { OPENAI_API_KEY: 'sk-wrong-0123456789' };

  const result = await rig.examine();

  expect(result.line('OpenAI key')).toMatchObject({
    state: 'fail',
    found: 'OpenAI does not accept OPENAI_API_KEY',
    cure: expect.stringContaining('Create a new key'),
  });
  for (const name of ['OpenAI transcription', 'OpenAI session']) {
    expect(result.line(name)).toMatchObject({ state: 'skipped', found: 'because the key is not accepted' });
  }
  expect(result.troubled).toEqual(['OpenAI key']);
  expect(result.exitCode).toBe(1);
});

test('a model that the account does not have', async () => {
  rig.env = { OPENAI_REALTIME_MODEL: 'gpt-realtime-99' };

  const result = await rig.examine();

  expect(result.line('OpenAI key')).toMatchObject({
    state: 'fail',
    found: 'the account has no gpt-realtime-99',
    cure: 'Choose another OPENAI_REALTIME_MODEL.',
  });
  expect(result.line('OpenAI session')).toMatchObject({
    state: 'skipped',
    found: 'because the account has no gpt-realtime-99',
  });
});

test('a transcription model that does not exist', async () => {
  rig.env = { OPENAI_TRANSCRIPTION_MODEL: 'whisper-99' };

  const result = await rig.examine();

  expect(result.line('OpenAI transcription')).toMatchObject({ state: 'fail', found: 'the account has no whisper-99' });
  expect(result.line('OpenAI session').cure).toContain('OPENAI_TRANSCRIPTION_MODEL');
});

test('a model that is about to be switched off is a warning', async () => {
  rig.env = { OPENAI_REALTIME_MODEL: 'gpt-realtime' };

  const result = await rig.examine();

  expect(result.line('OpenAI key')).toMatchObject({
    state: 'warn',
    found: 'gpt-realtime will be switched off on 2027-01-20',
  });
  expect(result.exitCode).toBe(0);
});

test('a voice that does not exist', async () => {
  rig.env = { OPENAI_VOICE: 'nobody' };

  expect((await rig.examine()).line('settings')).toMatchObject({
    state: 'fail',
    found: 'OPENAI_VOICE is not right',
    cure: expect.stringContaining('marin or cedar'),
  });
});

test.each([
  ['insufficient-quota', 'its credit'],
  ['ignore-formats', 'OPENAI_AUDIO_FORMAT'],
  ['reset', 'WebSockets'],
] as const)('a session that fails by %s', async (kind, cure) => {
  rig.openai.failNextConnection({ kind });

  // The default format is the one asked for otherwise.
  rig.env = { OPENAI_AUDIO_FORMAT: 'pcmu' };

  expect((await rig.examine()).line('OpenAI session')).toMatchObject({
    state: 'fail',
    found: expect.not.stringContaining('. ('),
    cure: expect.stringContaining(cure),
  });
});

test('a session that is not answered is given up', async () => {
  rig.openai.failNextConnection({ kind: 'hang' });
  rig.surroundings = { clock: IMPATIENT_CLOCK };

  expect((await rig.examine()).line('OpenAI session').state).toBe('fail');
});
