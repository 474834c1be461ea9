/**
 * A voice activity detector by energy: enough to tell speech and test tones from silence and line noise, on the
 * timeline of the audio itself, so that it does not matter how fast the audio is delivered.
 */

const WINDOW_MS = 20;
/** Shorter bursts are clicks and key presses. */
const MIN_SPEECH_MS = 60;
/** A quiet line is near -50 dBFS and a talker near -20: threshold 0 to 1 is laid over -45 to -35 dBFS. */
const LOWEST_ONSET_DBFS = -45;
const ONSET_RANGE_DB = 10;
/** Speech that is under way is held down to this far below the onset level. */
const HYSTERESIS_DB = 4;

/** A change between speech and silence, at a place on the audio's timeline. */
export type VadChange = { readonly kind: 'started' | 'stopped'; readonly atMs: number };

/** What decides a change; `silenceMs` is how long a pause ends the turn. */
export type VadSensitivity = { readonly threshold: number; readonly silenceMs: number };

/** What a detector needs. */
export type VadOptions = VadSensitivity & { readonly sampleRateHz: number };

/** Finds speech in a stream of samples. */
export class EnergyVad {
  readonly #windowSamples: number;
  #silenceMs = 0;
  #onsetPower = 0;
  #holdPower = 0;
  #windowEndMs: number;
  #power = 0;
  #filled = 0;
  #loudMs = 0;
  #quietMs = 0;
  #isSpeech = false;

  /** Starts at `startMs` on the timeline. */
  constructor(options: VadOptions, startMs: number) {
    this.#windowSamples = (options.sampleRateHz * WINDOW_MS) / 1000;
    this.#windowEndMs = startMs;
    this.adjust(options);
  }

  /** Changes what decides from here on; speech and pauses that are under way keep their length. */
  adjust({ threshold, silenceMs }: VadSensitivity): void {
    const onsetDbfs = LOWEST_ONSET_DBFS + ONSET_RANGE_DB * threshold;
    this.#silenceMs = silenceMs;
    this.#onsetPower = powerOf(onsetDbfs);
    this.#holdPower = powerOf(onsetDbfs - HYSTERESIS_DB);
  }

  /** Takes the next samples; returns the changes found in them, in order. */
  feed(samples: Int16Array): readonly VadChange[] {
    const changes: VadChange[] = [];
    for (const sample of samples) {
      this.#power += sample * sample;
      this.#filled += 1;
      if (this.#filled < this.#windowSamples) continue;
      const change = this.#closeWindow(this.#power / this.#windowSamples);
      if (change !== undefined) changes.push(change);
    }
    return changes;
  }

  #closeWindow(power: number): VadChange | undefined {
    this.#windowEndMs += WINDOW_MS;
    this.#power = 0;
    this.#filled = 0;
    return this.#isSpeech ? this.#duringSpeech(power) : this.#duringSilence(power);
  }

  #duringSilence(power: number): VadChange | undefined {
    this.#loudMs = power >= this.#onsetPower ? this.#loudMs + WINDOW_MS : 0;
    if (this.#loudMs < MIN_SPEECH_MS) return undefined;
    this.#isSpeech = true;
    this.#quietMs = 0;
    return { kind: 'started', atMs: this.#windowEndMs - this.#loudMs };
  }

  #duringSpeech(power: number): VadChange | undefined {
    this.#quietMs = power >= this.#holdPower ? 0 : this.#quietMs + WINDOW_MS;
    // A whole window of quiet at least, or silence_duration_ms 0 would end a turn within a word.
    if (this.#quietMs === 0 || this.#quietMs < this.#silenceMs) return undefined;
    this.#isSpeech = false;
    this.#loudMs = 0;
    return { kind: 'stopped', atMs: this.#windowEndMs };
  }
}

/** Mean square of samples at a level relative to full scale. */
function powerOf(dbfs: number): number {
  return (32_768 * 10 ** (dbfs / 20)) ** 2;
}
