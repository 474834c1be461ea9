// What the audio of a call costs: microseconds per frame of 20 ms, step by step and from base64 to base64, beside an
// engine that others would take for the same job.
//
// speex-resampler grows its memory and so detaches an ArrayBuffer. Once that has happened anywhere in a process, V8 checks
// every access of JavaScript to a typed array: the plain loop takes half as long again as without speex. A server cannot
// know what else is in its process; WebAssembly does not care.

import SpeexResampler from 'speex-resampler';
import {
  type AudioFormat,
  bytesPerMs,
  PCM16_16K,
  PCM16_24K,
  PCM16_8K,
  PCMU_8K,
  type SampleRateHz,
} from '../src/audio/audio-format';
import { CONVERSIONS, type ConversionName } from '../src/audio/conversions';
import { AudioConverter } from '../src/audio/converter';
import { decodeG711, encodeG711 } from '../src/audio/g711';
import { Kernel } from '../src/audio/kernel';
import { Resampler } from '../src/audio/resampler';
import { Base64Message } from '../src/lib/base64-message';
import { Base64Reader } from '../src/lib/base64-reader';
import { OWN_ENGINE } from './engines';
import { fixed, textTable } from './table';
import { type Subject, timeSubjects, type Timing } from './timing';

/** All timings; ratios are to `AI Calls, SIMD` in the same group. */
export type MicroReport = {
  /** Both directions of a call, mu-law <-> PCM16 24 kHz: the figure of the budget. */
  readonly bothDirectionsUs: number | null;
  readonly groups: readonly TimingGroup[];
};

/** Timings of one job. */
export type TimingGroup = { readonly job: string; readonly timings: readonly Timing[] };

/** Both directions, microseconds per frame. */
export const MICRO_BUDGET_US = 15;

const FRAME_MS = 20;
const SPEEX_QUALITIES = [1, 3, 5];
const SIMD = `${OWN_ENGINE}, SIMD`;

// What the server puts around the audio; see realtime/openai-realtime.ts and carriers/telnyx/stream-frames.ts.
const MEDIA_MESSAGE = new Base64Message('{"event":"media","media":{"payload":"', '"}}');

function messageOf(to: AudioFormat, audio: Buffer): string | Buffer {
  if (to.encoding !== 'pcm16') return MEDIA_MESSAGE.around(audio);
  return `{"type":"input_audio_buffer.append","audio":"${audio.toString('base64')}"}`;
}

type Route = readonly [from: AudioFormat, to: AudioFormat];

const ROUTES: readonly { readonly job: string; readonly routes: readonly Route[] }[] = [
  {
    job: 'mu-law <-> PCM16 24 kHz, both directions',
    routes: [
      [PCMU_8K, PCM16_24K],
      [PCM16_24K, PCMU_8K],
    ],
  },
  { job: 'mu-law -> PCM16 24 kHz', routes: [[PCMU_8K, PCM16_24K]] },
  { job: 'PCM16 24 kHz -> mu-law', routes: [[PCM16_24K, PCMU_8K]] },
  { job: 'PCM16 16 -> 24 kHz', routes: [[PCM16_16K, PCM16_24K]] },
  { job: 'PCM16 24 -> 16 kHz', routes: [[PCM16_24K, PCM16_16K]] },
  { job: 'PCM16 8 -> 16 kHz', routes: [[PCM16_8K, PCM16_16K]] },
  { job: 'PCM16 16 -> 8 kHz', routes: [[PCM16_16K, PCM16_8K]] },
];

/** Measures everything, one job after the other, the engines of a job side by side. */
export async function runMicro(): Promise<MicroReport> {
  await SpeexResampler.initPromise;
  const groups = ROUTES.map(({ job, routes }) => ({ job, timings: timeSubjects(enginesOn(routes)) }));
  const [both] = groups;
  const steps = { job: 'Steps', timings: timeSubjects(steps20Ms()) };

  return { bothDirectionsUs: both?.timings[0]?.medianUs ?? null, groups: [...groups, steps] };
}

/** The figures as text, one table a job. */
export function microTable({ groups }: MicroReport): string {
  const tables = groups.map(({ job, timings }) => {
    const ours = timings.find(({ name }) => name === SIMD);
    const rows = timings.map(({ name, medianUs, lowUs, highUs }) => [
      name,
      fixed(medianUs, 2),
      `${fixed(lowUs, 2)}-${fixed(highUs, 2)}`,
      fixed(ours && medianUs / ours.medianUs, 1),
    ]);

    return textTable([job, 'median, us', '10-90 %', 'ratio'], rows);
  });

  return [`Time per ${FRAME_MS} ms frame, from base64 to base64 but for messages and steps\n`, ...tables].join('\n');
}

function enginesOn(routes: readonly Route[]): Subject[] {
  const simd = Kernel.simd();
  const plain = Kernel.plain();
  const withKernel = (name: string, kernel: Kernel): Subject => {
    const runs = routes.map(([from, to]) => fromBase64(from, converterOf(from, to, kernel)));

    return inTurn(name, runs);
  };
  const speex = SPEEX_QUALITIES.map((quality) => {
    const runs = routes.map(([from, to]) => fromBase64(from, speexBetween(from, to, quality)));

    return inTurn(`speex-resampler, quality ${quality}`, runs);
  });

  return [
    ...(simd ? [withKernel(SIMD, simd)] : []),
    withKernel(`${OWN_ENGINE}, plain loop`, plain),
    asMessages(routes),
    ...speex,
  ];
}

type ConvertFrame = (frame: Buffer) => Buffer;

function converterOf(from: AudioFormat, to: AudioFormat, kernel: Kernel): ConvertFrame {
  const converter = new AudioConverter(from, to, kernel);

  return (frame) => converter.convert(frame);
}

/** The same job with `speex-resampler` for the rate and our tables for mu-law. */
function speexBetween(from: AudioFormat, to: AudioFormat, quality: number): ConvertFrame {
  const resampler = new SpeexResampler(1, from.sampleRateHz, to.sampleRateHz, quality);
  const pcm = new Int16Array((FRAME_MS * from.sampleRateHz) / 1000);
  const decoded = Buffer.from(pcm.buffer);
  const encoded = Buffer.alloc(FRAME_MS * bytesPerMs(to));

  return (frame) => {
    if (from.encoding !== 'pcm16') decodeG711(from.encoding, frame, { pcm, offset: 0 });
    const result = resampler.processChunk(from.encoding === 'pcm16' ? frame : decoded);
    if (to.encoding === 'pcm16') return result;
    const count = result.length / 2;
    const samples = new Int16Array(result.buffer, result.byteOffset, count);
    encodeG711(to.encoding, { pcm: samples, offset: 0, count }, { bytes: encoded, offset: 0 });

    return count === encoded.length ? encoded : encoded.subarray(0, count);
  };
}

/** From base64 to base64, as text. */
function fromBase64(format: AudioFormat, convertFrame: ConvertFrame): () => void {
  return forEachFrame(format, (frame) => keep(convertFrame(frame).toString('base64').length));
}

/** As the media path does it: base64 in, and out a message for the other socket. */
function asMessages(routes: readonly Route[]): Subject {
  const runs = routes.map(([from, to]) => {
    const converter = new AudioConverter(from, to);

    return forEachFrame(from, (frame) => keep(messageOf(to, converter.convert(frame)).length));
  });

  return inTurn(`${OWN_ENGINE}, as messages`, runs);
}

function forEachFrame(format: AudioFormat, onFrame: (frame: Buffer) => void): () => void {
  const reader = new Base64Reader();
  const texts = speechLikeFrames(format).map((frame) => frame.toString('base64'));
  let turn = 0;

  return () => {
    turn = (turn + 1) % texts.length;
    onFrame(reader.read(texts[turn] ?? ''));
  };
}

function inTurn(name: string, runs: readonly (() => void)[]): Subject {
  return { name, run: () => runs.forEach((run) => run()) };
}

function steps20Ms(): Subject[] {
  const [narrow = Buffer.alloc(0)] = speechLikeFrames(PCMU_8K);
  const [wide = Buffer.alloc(0)] = speechLikeFrames(PCM16_24K);
  const pcm = new Int16Array(narrow.length);
  const bytes = new Uint8Array(narrow.length);
  const reader = new Base64Reader();
  const [narrowText, wideText] = [narrow.toString('base64'), wide.toString('base64')];

  return [
    { name: 'base64 decode, mu-law', run: () => keep(reader.read(narrowText).length) },
    { name: 'base64 decode, PCM16 24 kHz', run: () => keep(reader.read(wideText).length) },
    { name: 'G.711 decode', run: () => decodeG711('pcmu', narrow, { pcm, offset: 0 }) },
    ...Object.values(CONVERSIONS).flatMap(({ name }) => stageSubjects(name)),
    {
      name: 'G.711 encode',
      run: () => encodeG711('pcmu', { pcm, offset: 0, count: pcm.length }, { bytes, offset: 0 }),
    },
    { name: 'base64 encode, mu-law', run: () => keep(narrow.toString('base64').length) },
    { name: 'base64 encode, PCM16 24 kHz', run: () => keep(wide.toString('base64').length) },
  ];
}

/** The filter alone, with each kernel. */
function stageSubjects(name: ConversionName): Subject[] {
  const conversion = CONVERSIONS[name];
  const label = `${conversion.fromHz / 1000} -> ${conversion.toHz / 1000} kHz`;
  const subject = (kernelName: string, kernel: Kernel): Subject => {
    const stage = new Resampler(conversion, kernel);
    const count = (FRAME_MS * conversion.fromHz) / 1000;
    kernel.line.forEach((_, i) => (kernel.line[i] = sampleAt(i, conversion.fromHz)));

    return { name: `${label}, ${kernelName}`, run: () => keep(stage.run(count)) };
  };
  const simd = Kernel.simd();

  return [...(simd ? [subject('SIMD', simd)] : []), subject('plain loop', Kernel.plain())];
}

/** A second of 20 ms frames, no two alike. */
function speechLikeFrames(format: AudioFormat): Buffer[] {
  const toFormat = new AudioConverter(pcm16Of(format), format);
  const frameSamples = (FRAME_MS * format.sampleRateHz) / 1000;

  return Array.from({ length: 50 }, (_, frame) => {
    const pcm = Int16Array.from({ length: frameSamples }, (_unused, i) =>
      sampleAt(frame * frameSamples + i, format.sampleRateHz),
    );

    return Buffer.from(toFormat.convert(Buffer.from(pcm.buffer)));
  });
}

function pcm16Of({ sampleRateHz }: AudioFormat): AudioFormat {
  return { encoding: 'pcm16', sampleRateHz };
}

/** Some harmonics of 140 Hz, rising and falling four times a second. */
function sampleAt(index: number, sampleRateHz: SampleRateHz): number {
  const seconds = index / sampleRateHz;
  const loudness = 6000 * Math.sin(Math.PI * 4 * seconds) ** 2;
  const harmonics = [1, 2, 3, 5, 8, 13].map((n) => Math.sin(2 * Math.PI * 140 * n * seconds) / Math.sqrt(n));

  return Math.round(loudness * harmonics.reduce((sum, value) => sum + value, 0));
}

/** Results that nobody uses might not be computed. */
let kept = 0;

function keep(value: number): void {
  kept = (kept + value) | 0;
}
