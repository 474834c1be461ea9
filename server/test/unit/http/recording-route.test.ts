import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import type { Call } from '../../../src/calls/call';
import { endCall } from '../../../src/calls/end-call';
import { aCall, aCallId } from '../../support/builders';
import { HttpRig, problemFields } from './http-rig';

const WAV = Buffer.from(Array.from({ length: 1_000 }, (_, index) => index % 251));
const RECORDING = { state: 'ready', durationMs: 1_000, bytes: WAV.length } as const;

let rig: HttpRig;
let folder: string;

beforeEach(() => {
  rig = new HttpRig();
  folder = mkdtempSync(join(tmpdir(), 'ai-calls-recordings-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function recording(): request.Test {
  return request(rig.app).get(`/api/ai-calls/${aCallId()}/recording`);
}

function finishedCall(changes: Partial<Call> = {}): Call {
  return aCall({ status: 'completed', verdict: endCall('api-hung-up'), mayHaveLeg: false, ...changes });
}

/** A call with its file, in a folder that is hidden or has letters of any kind in its name. */
async function recorded(subfolder = 'recordings'): Promise<string> {
  const path = join(folder, subfolder, `${aCallId()}.wav`);
  mkdirSync(join(folder, subfolder), { recursive: true });
  writeFileSync(path, WAV);
  rig.recordings.files.set(aCallId(), { path, bytes: WAV.length });
  await rig.record(finishedCall({ isRecorded: true, recording: RECORDING }));
  return path;
}

test('a folder that cannot be read takes nothing else from the record', async () => {
  await recorded();
  rig.recordings.find = () => Promise.reject(new Error('EACCES'));

  const answer = await request(rig.app).get(`/api/ai-calls/${aCallId()}`).expect(200);

  expect(answer.body).toMatchObject({ status: 'completed', recording: { state: 'ready', url: null } });
  await recording().expect(500);
});

test.each(['recordings', '.hidden', 'a b % ü'])('comes as a WAV file from %s', async (subfolder) => {
  await recorded(subfolder);

  const answer = await recording().expect(200);

  expect(answer.headers).toMatchObject({
    'content-type': 'audio/wav',
    'content-disposition': `inline; filename="${aCallId()}.wav"`,
    'content-length': String(WAV.length),
    'accept-ranges': 'bytes',
    'cache-control': 'private, no-cache',
  });
  expect(Buffer.compare(answer.body as Buffer, WAV)).toBe(0);
});

test('comes in parts for players that jump', async () => {
  await recorded();

  const answer = await recording().set('Range', 'bytes=100-199').expect(206);

  expect(answer.headers['content-range']).toBe('bytes 100-199/1000');
  expect(Buffer.compare(answer.body as Buffer, WAV.subarray(100, 200))).toBe(0);
});

test('has no parts beyond its end', async () => {
  await recorded();

  const answer = await recording().set('Range', 'bytes=5000-6000');

  problemFields(answer, 'RANGE_NOT_SATISFIABLE');
  expect(answer.headers['content-range']).toBe('bytes */1000');
});

test('tells its size without its content', async () => {
  await recorded();

  const answer = await request(rig.app).head(`/api/ai-calls/${aCallId()}/recording`).expect(200);

  expect(answer.headers).toMatchObject({ 'content-type': 'audio/wav', 'content-length': String(WAV.length) });
});

test('is named by the call as long as it is there', async () => {
  await recorded();
  const call = (): request.Test => request(rig.app).get(`/api/ai-calls/${aCallId()}`);

  const kept = await call().expect(200);
  rig.recordings.files.clear();
  const deleted = await call().expect(200);

  expect(kept.body.recording).toEqual({ ...RECORDING, url: `/api/ai-calls/${aCallId()}/recording` });
  expect(deleted.body.recording).toEqual({ ...RECORDING, url: null });
});

test('is not there when none was asked for, or when it is deleted: before it was found or after', async () => {
  await rig.record(finishedCall());
  problemFields(await recording(), 'RECORDING_NOT_FOUND');

  rig.recordings.files.set(aCallId(), { path: join(folder, 'gone.wav'), bytes: 1 });
  const answer = await recording();

  problemFields(answer, 'RECORDING_NOT_FOUND');
  expect(answer.headers['content-disposition']).toBeUndefined();
});

test('is not there yet while the call goes on, or its audio is being completed', async () => {
  await rig.record(aCall({ status: 'in-progress', isRecorded: true }));
  problemFields(await recording(), 'CALL_STATE_CONFLICT');

  const call = finishedCall({ isRecorded: true, mayHaveLeg: true });
  await rig.calls.store.write([{ kind: 'call', call }]);
  const answer = await recording();

  problemFields(answer, 'CALL_STATE_CONFLICT');
  expect(answer.body.detail).toMatch(/being completed/);
});

test('of no call is no recording', async () => {
  problemFields(await recording(), 'CALL_NOT_FOUND');
});
