/** The recorded lines of the simulated call, and their conversion between 8 and 24 kHz. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { rms, tone } from '../../../src/simulator/pcm';
import { decimateBy3, interpolateBy3 } from '../../../src/simulator/voices/resample';
import { clip, voices } from '../../../src/simulator/voices/voices';

const CLIPS_FOLDER = join(__dirname, '../../../src/simulator/voices/clips');

function dbfs(samples: Int16Array): number {
  return 20 * Math.log10(rms(samples) / 32_768);
}

function peakOf(samples: Int16Array): number {
  return samples.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0);
}

it('has a recording for every line, and a line for every recording', () => {
  const files = [...voices.values()].map(({ file }) => file);

  expect(readdirSync(CLIPS_FOLDER).sort()).toEqual(files.sort());
});

it.each([...voices.entries()])('has %s at an even level, without clipping or leading silence', (name, voice) => {
  const samples = clip(name, voice.sampleRateHz);
  const first100Ms = samples.subarray(0, voice.sampleRateHz / 10);

  expect(Math.abs(dbfs(samples) + 18)).toBeLessThan(1.5);
  expect(peakOf(samples)).toBeLessThan(32_000);
  expect(dbfs(first100Ms)).toBeGreaterThan(-45);
});

it('has the lines at the rate of their speaker, and converts to the other', () => {
  expect(voices.get('ai-greeting')).toMatchObject({ sampleRateHz: 24_000, speaker: 'ai' });
  expect(voices.get('callee-hello')).toMatchObject({ sampleRateHz: 8000, speaker: 'callee', text: 'Hello?' });

  expect(clip('callee-hello', 24_000)).toHaveLength(3 * clip('callee-hello', 8000).length);
  expect(clip('ai-acknowledge', 8000)).toHaveLength(Math.ceil(clip('ai-acknowledge', 24_000).length / 3));
  expect(clip('ai-acknowledge', 8000)).toBe(clip('ai-acknowledge', 8000));
});

it('refuses other rates and names', () => {
  expect(() => clip('callee-hello', 16_000)).toThrow('not at 16000 Hz');
  expect(() => clip('callee-unknown', 8000)).toThrow("no recorded line named 'callee-unknown'");
});

it.each([300, 1000, 3000])('passes %i Hz unchanged in both directions', (hz) => {
  const wide = tone({ hz, ms: 500, sampleRateHz: 24_000 });
  const narrow = tone({ hz, ms: 500, sampleRateHz: 8000 });

  expect(Math.abs(dbfs(decimateBy3(wide)) - dbfs(narrow))).toBeLessThan(0.3);
  expect(Math.abs(dbfs(interpolateBy3(narrow)) - dbfs(wide))).toBeLessThan(0.3);
});

it('folds nothing from above 4.6 kHz into the phone band', () => {
  const middle = decimateBy3(tone({ hz: 5000, ms: 500, sampleRateHz: 24_000 })).subarray(200, -200);

  expect(dbfs(middle)).toBeLessThan(-65);
});
