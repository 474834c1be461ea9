// The engines that convert sample rates, ours and others to compare with, behind one function each: 16-bit samples of one
// rate, in 20 ms frames where the engine knows frames, to those of another.

import { spawnSync } from 'node:child_process';
import SpeexResampler from 'speex-resampler';
import type { AudioFormat, SampleRateHz } from '../src/audio/audio-format';
import { AudioConverter } from '../src/audio/converter';

/** From one rate to another. */
export type RatePair = { readonly fromHz: SampleRateHz; readonly toHz: SampleRateHz };

/** An engine, and what it makes of a whole recording. */
export type Engine = {
  readonly name: string;
  /** False for one that takes whole files only, and so has no delay to speak of. */
  readonly isStreaming: boolean;
  readonly resample: (pair: RatePair, input: Int16Array) => Int16Array;
};

/** The name of ours. */
export const OWN_ENGINE = 'AI Calls';

const FRAMES_PER_SECOND = 50;
const SPEEX_QUALITIES = [1, 3, 5, 7];
const SOX_QUALITIES = ['m', 'v'];

/** Ours first; `sox` only where it is installed. */
export async function availableEngines(): Promise<Engine[]> {
  await SpeexResampler.initPromise;
  const speex = SPEEX_QUALITIES.map((quality) => framed(`speex ${quality}`, (pair) => speexFrame(pair, quality)));
  const hasSox = spawnSync('sox', ['--version']).status === 0;
  const sox = hasSox ? SOX_QUALITIES.map(soxEngine) : [];

  return [framed(OWN_ENGINE, ownFrame), ...speex, ...sox];
}

/** 16-bit samples at a rate, as a format of ours. */
export function pcm16At(sampleRateHz: SampleRateHz): AudioFormat {
  return { encoding: 'pcm16', sampleRateHz };
}

type ConvertFrame = (frame: Buffer) => Buffer;

function ownFrame({ fromHz, toHz }: RatePair): ConvertFrame {
  const converter = new AudioConverter(pcm16At(fromHz), pcm16At(toHz));

  return (frame) => converter.convert(frame);
}

function speexFrame({ fromHz, toHz }: RatePair, quality: number): ConvertFrame {
  const resampler = new SpeexResampler(1, fromHz, toHz, quality);

  return (frame) => resampler.processChunk(frame);
}

function framed(name: string, start: (pair: RatePair) => ConvertFrame): Engine {
  const resample = (pair: RatePair, input: Int16Array): Int16Array => {
    const convertFrame = start(pair);
    const frameSamples = pair.fromHz / FRAMES_PER_SECOND;
    const results: Buffer[] = [];
    for (let at = 0; at < input.length; at += frameSamples) {
      results.push(Buffer.from(convertFrame(bytesOf(input.subarray(at, at + frameSamples)))));
    }

    return samplesOf(Buffer.concat(results));
  };

  return { name, isStreaming: true, resample };
}

function soxEngine(quality: string): Engine {
  const raw = (hz: number): string[] => ['-t', 'raw', '-r', String(hz), '-e', 'signed', '-b', '16', '-c', '1', '-'];
  const resample = ({ fromHz, toHz }: RatePair, input: Int16Array): Int16Array => {
    // -D: no dither, which nobody else adds.
    const { status, stdout } = spawnSync('sox', ['-D', ...raw(fromHz), ...raw(toHz), 'rate', `-${quality}`], {
      input: bytesOf(input),
      maxBuffer: 2 ** 28,
    });
    if (status !== 0) throw new Error('sox failed.');

    return samplesOf(stdout);
  };

  return { name: `sox rate -${quality}`, isStreaming: false, resample };
}

function bytesOf(pcm: Int16Array): Buffer {
  return Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);
}

/** In memory of its own, as bytes need not lie where 16-bit samples may. */
function samplesOf(bytes: Buffer): Int16Array {
  return new Int16Array(new Uint8Array(bytes).buffer);
}
