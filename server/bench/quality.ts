// What the rate conversions do to audio, beside other engines with the same input: tones, one after the other, and what
// comes out of each.

import type { SampleRateHz } from '../src/audio/audio-format';
import { decodeG711, encodeG711 } from '../src/audio/g711';
import { rmsDbfs, sinad, sine, toneAmplitude } from '../test/support/audio-fixtures';
import { availableEngines, type Engine, type RatePair } from './engines';
import { fixed, textTable } from './table';

/** One engine at one pair of rates. */
export type QualityFigures = RatePair & {
  readonly engine: string;
  /** Largest deviation from a gain of 1 in the passband, dB. */
  readonly flatnessDb: number;
  /** Loudest of all that should not be there, relative to the tone that it came from, dB. */
  readonly worstProductDb: number;
  /** Signal to noise and distortion of a tone of 1 kHz, dB. */
  readonly snrDb: number;
  /** How much of the SNR of mu-law alone is lost, dB; null at rates without mu-law. */
  readonly mulawLossDb: number | null;
  /** Group delay at 1 kHz, milliseconds; null for an engine that takes whole files. */
  readonly delayMs: number | null;
};

/** What is required of ours. */
export const QUALITY_BUDGET = { flatnessDb: 0.25, worstProductDb: -60, mulawLossDb: 0.5, delayMs: 1.5 } as const;

const PAIRS: readonly RatePair[] = [
  { fromHz: 8000, toHz: 24_000 },
  { fromHz: 24_000, toHz: 8000 },
  { fromHz: 16_000, toHz: 24_000 },
  { fromHz: 24_000, toHz: 16_000 },
];

// Of a telephone line at 8 kHz. Where the lower rate is 16 kHz, all of them count twice.
const PASSBAND_HZ = range(200, 3400, 50);
const STOPBAND_HZ = range(4600, 11_900, 50);

const AMPLITUDE = 20_000;
/** Not a divisor of any rate, so that quantisation is spread out. */
const SNR_TONE_HZ = 1_004;
/** What mu-law does to a tone depends on its level: the mean over some. */
const MULAW_AMPLITUDES = [30_000, 20_011, 9_973, 5_003, 2_003, 997];
/** Narrow enough to tell delays up to 12 ms. */
const DELAY_TONES_HZ = range(800, 1200, 40);

// Each tone has its time in one recording; what is measured is its middle, which also a filter of 10 ms has settled in.
const TONE_MS = 120;
const MEASURED_FROM_MS = 40;
const MEASURED_MS = 60;

/** Measures all engines at all pairs of rates. */
export async function runQuality(): Promise<QualityFigures[]> {
  const engines = await availableEngines();

  return PAIRS.flatMap((pair) => engines.map((engine) => measure(engine, pair)));
}

/** The figures as text, one table a pair. */
export function qualityTable(figures: readonly QualityFigures[]): string {
  const tables = PAIRS.map(({ fromHz, toHz }) => {
    const scale = Math.min(fromHz, toHz) / 8000;
    const header = [
      `${fromHz / 1000} -> ${toHz / 1000} kHz`,
      `flat ${200 * scale}-${3400 * scale} Hz, dB`,
      `above ${4.6 * scale} kHz, dB`,
      'SNR at 1 kHz, dB',
      'less than mu-law, dB',
      'delay, ms',
    ];
    const rows = figures.filter((each) => each.fromHz === fromHz && each.toHz === toHz).map(tableRow);

    return textTable(header, rows);
  });

  return [
    'Quality of the rate conversions: flatness, the loudest image or alias, SNR of a tone, by how much that is less than',
    'mu-law alone allows, and the delay.\n',
    ...tables,
  ].join('\n');
}

function tableRow({ engine, flatnessDb, worstProductDb, snrDb, mulawLossDb, delayMs }: QualityFigures): string[] {
  return [
    engine,
    fixed(flatnessDb, 3),
    fixed(worstProductDb, 1),
    fixed(snrDb, 1),
    fixed(mulawLossDb, 2),
    fixed(delayMs, 2),
  ];
}

function measure(engine: Engine, pair: RatePair): QualityFigures {
  const { fromHz, toHz } = pair;
  const scale = Math.min(fromHz, toHz) / 8000;
  const passband = toneResults(engine, pair, scaled(PASSBAND_HZ, scale));
  const stopbandHz = scaled(STOPBAND_HZ, scale).filter((hz) => hz < fromHz / 2);
  const stopband = stopbandHz.length === 0 ? [] : toneResults(engine, pair, stopbandHz);
  const gainsDb = passband.map(({ hz, pcm }) => decibels(toneAmplitude(pcm, { hz, sampleRateHz: toHz }) / AMPLITUDE));
  const productsDb = [
    ...passband.map(({ hz, pcm }) => -sinad(pcm, { hz, sampleRateHz: toHz })),
    ...stopband.map(({ pcm }) => rmsDbfs(pcm) - decibels(AMPLITUDE / Math.SQRT2 / 32_768)),
  ];
  const [snrTone] = toneResults(engine, pair, [SNR_TONE_HZ]);

  return {
    engine: engine.name,
    ...pair,
    flatnessDb: Math.max(...gainsDb.map(Math.abs)),
    worstProductDb: Math.max(...productsDb),
    snrDb: snrTone ? sinad(snrTone.pcm, { hz: SNR_TONE_HZ, sampleRateHz: toHz }) : NaN,
    mulawLossDb: scale === 1 ? meanMulawLossDb(engine, pair) : null,
    delayMs: engine.isStreaming ? measuredDelayMs(engine, pair) : null,
  };
}

type ToneResult = { readonly hz: number; readonly pcm: Int16Array };

/** Plays tones one after the other through an engine; returns the middle of what each became. */
function toneResults(engine: Engine, pair: RatePair, tonesHz: readonly number[]): ToneResult[] {
  const { fromHz, toHz } = pair;
  const toneSamples = (TONE_MS * fromHz) / 1000;
  // The last one once more: what an engine keeps back at the end is not missed.
  const played = [...tonesHz, tonesHz.at(-1) ?? 0];
  const input = new Int16Array(played.length * toneSamples);
  played.forEach((hz, i) => {
    input.set(sine({ hz, ms: TONE_MS, sampleRateHz: fromHz, amplitude: AMPLITUDE }), i * toneSamples);
  });
  const output = engine.resample(pair, input);

  return tonesHz.map((hz, i) => ({ hz, pcm: middle(output, i * TONE_MS, toHz) }));
}

function middle(pcm: Int16Array, toneStartMs: number, sampleRateHz: SampleRateHz): Int16Array {
  const start = ((toneStartMs + MEASURED_FROM_MS) * sampleRateHz) / 1000;

  return pcm.subarray(start, start + (MEASURED_MS * sampleRateHz) / 1000);
}

/** By how much the phase falls as the frequency rises: the mean over neighbouring tones. */
function measuredDelayMs(engine: Engine, pair: RatePair): number {
  const phases = toneResults(engine, pair, DELAY_TONES_HZ).map(({ hz, pcm }) => phaseAtStart(pcm, hz, pair.toHz));
  const delays = phases.slice(1).map((phase, i) => {
    const stepHz = (DELAY_TONES_HZ[i + 1] ?? 0) - (DELAY_TONES_HZ[i] ?? 0);
    const fall = (phases[i] ?? 0) - phase;
    // The window starts 40 ms after the tone: as much more phase as the step is higher.
    const expected = (2 * Math.PI * stepHz * MEASURED_FROM_MS) / 1000;

    return (1000 * positiveAngle(fall + expected)) / (2 * Math.PI * stepHz);
  });

  return mean(delays);
}

/** Phase of a tone at the first sample, as of a sine, by a Fourier sum under a Hann window. */
function phaseAtStart(pcm: Int16Array, hz: number, sampleRateHz: number): number {
  let sineSum = 0;
  let cosineSum = 0;
  pcm.forEach((sample, i) => {
    const windowed = sample * (0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / pcm.length));
    sineSum += windowed * Math.sin((2 * Math.PI * hz * i) / sampleRateHz);
    cosineSum += windowed * Math.cos((2 * Math.PI * hz * i) / sampleRateHz);
  });

  return Math.atan2(cosineSum, sineSum);
}

function positiveAngle(radians: number): number {
  const turn = 2 * Math.PI;

  return ((radians % turn) + turn) % turn;
}

/** Companded and converted in the order of the direction, against companded alone. */
function meanMulawLossDb(engine: Engine, pair: RatePair): number {
  const losses = MULAW_AMPLITUDES.map((amplitude) => {
    const tone = (sampleRateHz: number): Int16Array => sine({ hz: SNR_TONE_HZ, ms: 1000, sampleRateHz, amplitude });
    const alone = throughMulaw(tone(8000));
    const converted =
      pair.fromHz === 8000 ? engine.resample(pair, alone) : throughMulaw(engine.resample(pair, tone(pair.fromHz)));

    return snrOfMiddle(alone, 8000) - snrOfMiddle(converted, pair.toHz);
  });

  return mean(losses);
}

function snrOfMiddle(pcm: Int16Array, sampleRateHz: number): number {
  return sinad(pcm.subarray(sampleRateHz / 10, (9 * sampleRateHz) / 10), { hz: SNR_TONE_HZ, sampleRateHz });
}

function throughMulaw(pcm: Int16Array): Int16Array {
  const bytes = new Uint8Array(pcm.length);
  const result = new Int16Array(pcm.length);
  encodeG711('pcmu', { pcm, offset: 0, count: pcm.length }, { bytes, offset: 0 });
  decodeG711('pcmu', bytes, { pcm: result, offset: 0 });

  return result;
}

function range(first: number, last: number, step: number): number[] {
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, i) => first + i * step);
}

function scaled(valuesHz: readonly number[], scale: number): number[] {
  return valuesHz.map((hz) => hz * scale);
}

function decibels(ratio: number): number {
  return 20 * Math.log10(ratio);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
