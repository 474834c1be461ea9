// Test tones and measurements on 16-bit mono PCM: what a test listens with. Pure, and independent of server/src/audio,
// which it judges.

/** A pure tone: frequency in Hz, length in ms, peak amplitude in sample units (32767 is full scale). */
export type Tone = {
  readonly hz: number;
  readonly ms: number;
  readonly sampleRateHz: number;
  readonly amplitude: number;
};

/** A frequency to look at, and the rate of the samples to look in. */
export type ToneProbe = { readonly hz: number; readonly sampleRateHz: number };

/** Where a clip matches best: `lagSamples` is its start, `value` the normalised correlation (1 = same up to volume). */
export type CorrelationPeak = { readonly value: number; readonly lagSamples: number };

const FULL_SCALE = 32_768;

/** Points of the clip that `correlationPeak` compares at every lag: right within some 0.03. */
const COARSE_POINTS = 1_024;

/** Lags that `correlationPeak` then compares over the whole clip. */
const FINE_LAGS = 64;

/** Returns a sine that starts at phase 0, rounded and saturated to 16 bits. */
export function sine(tone: Tone): Int16Array {
  const pcm = new Int16Array(Math.round((tone.ms * tone.sampleRateHz) / 1000));
  const radiansPerSample = (2 * Math.PI * tone.hz) / tone.sampleRateHz;
  for (let i = 0; i < pcm.length; i++) {
    const value = Math.round(tone.amplitude * Math.sin(radiansPerSample * i));
    pcm[i] = Math.max(-32_768, Math.min(32_767, value));
  }

  return pcm;
}

/** Returns the power at one frequency relative to a full-scale sine (1), by Goertzel under a Hann window. */
export function goertzelPower(pcm: Int16Array, probe: ToneProbe): number {
  return (toneAmplitude(pcm, probe) / FULL_SCALE) ** 2;
}

/**
 * Returns the peak amplitude of the tone at one frequency, in sample units as given to `sine`. The Hann window keeps
 * other tones out when they are at least 2 / duration away (100 Hz for 20 ms), whether or not their periods fit.
 */
export function toneAmplitude(pcm: Int16Array, probe: ToneProbe): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * probe.hz) / probe.sampleRateHz);
  let windowSum = 0;
  let last = 0;
  let beforeLast = 0;
  for (let i = 0; i < pcm.length; i++) {
    const hann = 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / pcm.length);
    windowSum += hann;
    const next = hann * pcm[i]! + coefficient * last - beforeLast;
    beforeLast = last;
    last = next;
  }
  if (windowSum === 0) return 0;
  const squaredMagnitude = last * last + beforeLast * beforeLast - coefficient * last * beforeLast;

  return (2 * Math.sqrt(Math.max(0, squaredMagnitude))) / windowSum;
}

/** Returns which candidate frequency in Hz is the strongest in the samples. */
export function dominantToneHz(pcm: Int16Array, candidatesHz: readonly number[], sampleRateHz: number): number {
  const powers = candidatesHz.map((hz) => goertzelPower(pcm, { hz, sampleRateHz }));
  const strongestHz = candidatesHz[powers.indexOf(Math.max(...powers))];
  if (strongestHz === undefined) throw new RangeError('No candidate frequency was given.');

  return strongestHz;
}

/**
 * Returns signal to noise and distortion in dB: the power of the tone at `hz` over that of everything else but DC. The
 * tone is fitted by least squares, so that the samples need not hold whole periods; give it 20 ms or more.
 */
export function sinad(pcm: Int16Array, probe: ToneProbe): number {
  const { sineGain, cosineGain, offset } = fitTone(pcm, probe);
  const radiansPerSample = (2 * Math.PI * probe.hz) / probe.sampleRateHz;
  let tonePower = 0;
  let restPower = 0;
  for (let i = 0; i < pcm.length; i++) {
    const tone = sineGain * Math.sin(radiansPerSample * i) + cosineGain * Math.cos(radiansPerSample * i);
    tonePower += tone * tone;
    restPower += (pcm[i]! - tone - offset) ** 2;
  }

  return 10 * Math.log10(tonePower / restPower);
}

/** Returns the level in dB relative to a full-scale square wave (a full-scale sine is -3.01); -Infinity for silence. */
export function rmsDbfs(pcm: Int16Array): number {
  const energy = pcm.reduce((sum, sample) => sum + sample * sample, 0);

  return energy === 0 ? -Infinity : 10 * Math.log10(energy / pcm.length / FULL_SCALE ** 2);
}

/**
 * Finds a clip inside a longer recording of the same rate, whatever its volume there. All lags are compared at points
 * scattered over the clip, and the best of them over all of it: 0.2-0.4 s for a clip in 10 s at 8 kHz.
 */
export function correlationPeak(recording: Int16Array, clip: Int16Array): CorrelationPeak {
  const lagCount = recording.length - clip.length + 1;
  if (clip.length === 0 || lagCount < 1)
    throw new RangeError('The clip must not be empty, or longer than the recording.');
  const points = scatteredPoints(clip.length);
  const coarse = Float64Array.from({ length: lagCount }, (_, lag) => correlationAt(recording, clip, { lag, points }));
  const lags = Array.from(coarse.keys()).sort((a, b) => coarse[b]! - coarse[a]!);

  const everyPoint = Int32Array.from({ length: clip.length }, (_, i) => i);
  let best: CorrelationPeak = { value: -Infinity, lagSamples: 0 };
  for (const lag of lags.slice(0, FINE_LAGS)) {
    const value = correlationAt(recording, clip, { lag, points: everyPoint });
    if (value > best.value) best = { value, lagSamples: lag };
  }

  return best;
}

/** At uneven distances, as even ones could not tell tones apart; the same in each run. */
function scatteredPoints(length: number): Int32Array {
  const count = Math.min(COARSE_POINTS, length);
  let seed = 1;

  return Int32Array.from({ length: count }, (_, i) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    const jitter = count === length ? 0 : seed / 2 ** 32;

    return Math.floor(((i + jitter) * length) / count);
  });
}

function correlationAt(
  recording: Int16Array,
  clip: Int16Array,
  { lag, points }: { readonly lag: number; readonly points: Int32Array },
): number {
  let product = 0;
  let recordingEnergy = 0;
  let clipEnergy = 0;
  for (let i = 0; i < points.length; i++) {
    const at = points[i]!;
    const recorded = recording[lag + at]!;
    const expected = clip[at]!;
    product += recorded * expected;
    recordingEnergy += recorded * recorded;
    clipEnergy += expected * expected;
  }
  const scale = Math.sqrt(recordingEnergy * clipEnergy);

  return scale === 0 ? 0 : product / scale;
}

type ToneFit = { readonly sineGain: number; readonly cosineGain: number; readonly offset: number };

/** Least squares of sine, cosine and constant: three normal equations, solved by Cramer's rule. */
function fitTone(pcm: Int16Array, probe: ToneProbe): ToneFit {
  const radiansPerSample = (2 * Math.PI * probe.hz) / probe.sampleRateHz;
  let [ss, sc, cc, s1, c1, sy, cy, y1] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < pcm.length; i++) {
    const s = Math.sin(radiansPerSample * i);
    const c = Math.cos(radiansPerSample * i);
    const y = pcm[i]!;
    ss += s * s;
    sc += s * c;
    cc += c * c;
    s1 += s;
    c1 += c;
    sy += s * y;
    cy += c * y;
    y1 += y;
  }
  const n = pcm.length;
  const whole = determinant([ss, sc, s1], [sc, cc, c1], [s1, c1, n]);

  return {
    sineGain: determinant([sy, sc, s1], [cy, cc, c1], [y1, c1, n]) / whole,
    cosineGain: determinant([ss, sy, s1], [sc, cy, c1], [s1, y1, n]) / whole,
    offset: determinant([ss, sc, sy], [sc, cc, cy], [s1, c1, y1]) / whole,
  };
}

type Row = readonly [number, number, number];

function determinant(a: Row, b: Row, c: Row): number {
  return a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0]);
}
