// Recordings on disk: whole files for whole calls, beginnings for those that were broken off, and no call that minds.

import { existsSync, readFileSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { isAbsolute, relative } from 'node:path';
import { readWav, tone } from '../../../src/simulator/pcm';
import { dominantToneHz } from '../../support/audio-fixtures';
import { aCallId } from '../../support/builders';
import { until } from '../../support/until';
import { type Disk, openOn, RecordingsRig, stereo } from './recordings-rig';

const SAMPLE_RATE_HZ = 8_000;
const BYTES_PER_MS = 32;
const TALK = stereo(tone({ hz: 500, ms: 1_000 }), tone({ hz: 900, ms: 1_000 }));
const RATE = { sampleRateHz: SAMPLE_RATE_HZ };

let rig: RecordingsRig;

beforeEach(() => {
  rig = new RecordingsRig();
});

afterEach(async () => {
  await rig.close();
});

/** Waits until all of a recording that is a whole block is on the disk. */
async function onDisk(callId: string, bytes: number): Promise<void> {
  await until(() => existsSync(rig.pathOf(callId)) && statSync(rig.pathOf(callId)).size >= bytes);
}

describe('a recording', () => {
  test('is a stereo WAV file that others can read', async () => {
    const file = rig.files.open(aCallId(), RATE);
    for (let at = 0; at < TALK.length; at += 1_000) file.write(TALK.subarray(at, at + 1_000));

    const recording = await rig.files.finish(aCallId());

    expect(recording).toEqual({ state: 'ready', durationMs: 1_000, bytes: 44 + 1_000 * BYTES_PER_MS });
    const { sampleRateHz, channels, pcm } = readWav(rig.pathOf(aCallId()));
    expect({ sampleRateHz, channels, samples: pcm.length }).toEqual({
      sampleRateHz: 8_000,
      channels: 2,
      samples: 16_000,
    });
    const side = (channel: number): Int16Array => pcm.filter((_sample, i) => i % 2 === channel);
    expect(dominantToneHz(side(0), [500, 900], SAMPLE_RATE_HZ)).toBe(500);
    expect(dominantToneHz(side(1), [500, 900], SAMPLE_RATE_HZ)).toBe(900);
    expect(rig.log.lines).toEqual([]);
  });

  test('is copied from memory that is only lent', async () => {
    const lent = Buffer.from(TALK);
    const file = rig.files.open(aCallId(), RATE);
    file.write(lent);
    lent.fill(0);

    await file.finish();

    expect(readFileSync(rig.pathOf(aCallId())).subarray(44).equals(TALK)).toBe(true);
  });

  test('is for the eyes of the server alone', async () => {
    rig.files.open(aCallId(), RATE).write(TALK);
    await rig.files.finish(aCallId());

    expect(statSync(rig.folder).mode & 0o777).toBe(0o700);
    expect(statSync(rig.pathOf(aCallId())).mode & 0o777).toBe(0o600);
  });

  test('is found when it is finished, by its absolute path, and not before', async () => {
    const files = rig.restart({ folder: relative(process.cwd(), rig.folder) });
    files.open(aCallId(), RATE).write(TALK);
    expect(await files.find(aCallId())).toBeUndefined();

    await files.finish(aCallId());

    const found = await files.find(aCallId());
    expect(found).toEqual({ path: rig.pathOf(aCallId()), bytes: 44 + TALK.length });
    expect(isAbsolute(found!.path)).toBe(true);
    expect(await rig.restart().find(aCallId())).toEqual(found);
  });

  test('is not found while another process writes it', async () => {
    const file = rig.files.open(aCallId(), RATE);
    for (let second = 0; second < 5; second += 1) file.write(TALK);
    await onDisk(aCallId(), 44 + 64 * 1024);

    const { files } = rig;
    expect(await rig.restart().find(aCallId())).toBeUndefined();
    await files.closeAll();
  });

  test('is gone when it was removed, also while it was written', async () => {
    rig.files.open(aCallId(1), RATE).write(TALK);
    rig.files.open(aCallId(2), RATE).write(TALK);
    await rig.files.finish(aCallId(1));

    for (const number of [1, 2, 3]) await rig.files.remove(aCallId(number));

    expect(rig.names).toEqual([]);
    expect(await rig.files.find(aCallId(1))).toBeUndefined();
  });

  test('that is older than the limit is deleted, one that is written or that nobody knows is not', async () => {
    const [old, young, open] = [aCallId(1), aCallId(2), aCallId(3)];
    for (const callId of [old, young]) rig.files.open(callId, RATE).write(TALK);
    await Promise.all([old, young].map((callId) => rig.files.finish(callId)));
    rig.files.open(open, RATE).write(TALK);
    await onDisk(open, 44);
    const strange = rig.pathOf(old).replace(old, 'notes');
    writeFileSync(strange, '');
    for (const path of [rig.pathOf(old), rig.pathOf(open), strange]) utimesSync(path, 1, 1);

    await rig.files.removeOlderThan(2_000);

    const left = [rig.pathOf(old), rig.pathOf(young), rig.pathOf(open), strange].map((path) => existsSync(path));
    expect(left).toEqual([false, true, true, true]);
  });

  test('takes nothing more when it is finished, and tells the same again', async () => {
    const file = rig.files.open(aCallId(), RATE);
    file.write(TALK);
    const first = await file.finish();

    file.write(TALK);

    expect(await file.finish()).toEqual(first);
    expect(statSync(rig.pathOf(aCallId())).size).toBe(44 + TALK.length);
  });

  test('of a call without sound is none', async () => {
    rig.files.open(aCallId(), RATE);

    expect(await rig.files.finish(aCallId())).toEqual({ state: 'ready', durationMs: 0, bytes: 0 });
    expect(await rig.files.find(aCallId())).toBeUndefined();
    expect(await rig.files.finish(aCallId(2))).toBeUndefined();
  });

  test('is completed when the server stops', async () => {
    for (const number of [1, 2, 3]) rig.files.open(aCallId(number), RATE).write(TALK);

    await rig.files.closeAll();

    for (const number of [1, 2, 3]) expect(readWav(rig.pathOf(aCallId(number))).pcm.length).toBe(16_000);
  });
});

describe('after the loss of a server', () => {
  test('a beginning is made a file that can be played', async () => {
    const lost = rig.files.open(aCallId(), RATE);
    for (let second = 0; second < 5; second += 1) lost.write(TALK);
    await onDisk(aCallId(), 44 + 2 * 64 * 1024);
    // In the middle of a sample.
    truncateSync(rig.pathOf(aCallId()), 44 + 64_001);

    const recording = await rig.restart().repair(aCallId());

    expect(recording).toEqual({ state: 'failed', durationMs: 2_000, bytes: 44 + 64_000 });
    expect(readWav(rig.pathOf(aCallId())).pcm.length).toBe(32_000);
    expect(await rig.files.find(aCallId())).toMatchObject({ bytes: 44 + 64_000 });
    await lost.finish();
  });

  test('a file that was complete is whole', async () => {
    rig.files.open(aCallId(), RATE).write(TALK);
    await rig.files.finish(aCallId());

    expect(await rig.restart().repair(aCallId())).toMatchObject({ state: 'ready', durationMs: 1_000 });
  });

  test('a call without a file has none, and one that cannot be read has failed', async () => {
    rig.files.open(aCallId(1), RATE).write(TALK);
    await rig.files.finish(aCallId(1));
    writeFileSync(rig.pathOf(aCallId(2)), 'RIFF');

    expect(await rig.files.repair(aCallId(3))).toBeUndefined();
    expect(await rig.files.repair(aCallId(2))).toEqual({ state: 'failed', durationMs: 0, bytes: 0 });
  });
});

describe('a disk that fails', () => {
  const disk: Disk = { beforeAppend: () => Promise.resolve() };

  test('when it is full: the beginning stays, the recording has failed, and that is said once', async () => {
    let appends = 0;
    disk.beforeAppend = () => (++appends > 2 ? Promise.reject(new Error('ENOSPC')) : Promise.resolve());
    const file = rig.restart({ openFile: openOn(disk) }).open(aCallId(), RATE);
    for (let second = 0; second < 20; second += 1) file.write(TALK);

    const recording = await rig.files.finish(aCallId());

    expect(recording).toEqual({ state: 'failed', durationMs: 2_048, bytes: 44 + 64 * 1024 });
    expect(readWav(rig.pathOf(aCallId())).pcm.length).toBe(32_768);
    expect(rig.log.at('warn').map(({ fields }) => fields['callId'])).toEqual([aCallId()]);
  });

  test('when it is slow: what waits is bounded, then the recording is given up', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    disk.beforeAppend = () => held;
    const file = rig.restart({ openFile: openOn(disk) }).open(aCallId(), RATE);

    for (let second = 0; second < 120; second += 1) file.write(TALK);
    expect(rig.log.at('warn')).toHaveLength(0);
    for (let second = 0; second < 600; second += 1) file.write(TALK);
    expect(rig.log.at('warn')).toHaveLength(1);

    release();
    expect(await rig.files.finish(aCallId())).toMatchObject({ state: 'failed' });
  });

  test('when it hangs: the end of the call waits five seconds for it', async () => {
    disk.beforeAppend = () => new Promise(() => undefined);
    rig
      .restart({ openFile: openOn(disk) })
      .open(aCallId(), RATE)
      .write(TALK);

    const finished = rig.files.finish(aCallId());
    await rig.clock.advanceAsync(5_000);

    expect(await finished).toMatchObject({ state: 'failed' });
    expect(rig.clock.pendingTimers).toBe(0);
  });

  test('when the folder cannot be made', async () => {
    writeFileSync(rig.folder, 'a file');
    const file = rig.files.open(aCallId(), RATE);
    file.write(TALK);

    expect(await rig.files.finish(aCallId())).toEqual({ state: 'failed', durationMs: 0, bytes: 0 });
    expect(rig.log.at('warn')).toHaveLength(1);
  });

  test('when there is a recording of the call already: that one is kept', async () => {
    rig.files.open(aCallId(), RATE).write(TALK);
    await rig.files.finish(aCallId());

    rig.files.open(aCallId(), RATE).write(TALK.subarray(0, 320));

    expect(await rig.files.finish(aCallId())).toMatchObject({ state: 'failed' });
    expect(await rig.files.find(aCallId())).toMatchObject({ bytes: 44 + TALK.length });
  });
});

test.each([
  '../../etc/passwd',
  '',
  'a/b',
  `${aCallId()}/../x`,
  `${aCallId()}\n`,
  aCallId().toUpperCase().replace('4', 'A'),
])('nothing but the id of a call becomes a path: %j', async (callId) => {
  rig.files.open(callId, RATE).write(TALK);

  expect(await rig.files.finish(callId)).toMatchObject({ state: 'failed', bytes: 0 });
  await expect(rig.files.find(callId)).rejects.toThrow(RangeError);
  await expect(rig.files.remove(callId)).rejects.toThrow(RangeError);
  expect(await rig.files.repair(callId)).toMatchObject({ state: 'failed', bytes: 0 });
});
