// The recording of a call that is over: both sides as a picture, played from wherever one points at.

import { byId, setAttribute, setText } from './dom.ts';
import { duration, megabytes } from './format.ts';
import { drawWave } from './lanes.ts';
import type { PageState } from './state.ts';
import { openWav, peaksOf, type Wav } from './wav-peaks.ts';
import type { CallDetails } from './wire.ts';

// About ten minutes; more than that is loaded when somebody wants it.
const LOADED_UNASKED_BYTES = 20_000_000;

const COLUMN_PX = 3;
const STEP_SECONDS = 5;

/** Fetches a recording. */
export type FetchRecording = (url: string, signal: AbortSignal) => Promise<ArrayBuffer>;

/** The player of the chosen call. */
export class RecordingView {
  readonly #fetch: FetchRecording;
  readonly #root = byId('recording', HTMLElement);
  /** What is the matter with it for good, apart from how loading goes. */
  readonly #gap = byId('recording-gap', HTMLElement);
  readonly #note = byId('recording-note', HTMLElement);
  readonly #load = byId('load', HTMLButtonElement);
  readonly #player = byId('player', HTMLElement);
  readonly #play = byId('play', HTMLButtonElement);
  readonly #wave = byId('wave', HTMLCanvasElement);
  readonly #place = byId('place', HTMLElement);
  readonly #length = byId('length', HTMLElement);
  readonly #audio = new Audio();
  /** Undefined without a recording, null for one that is gone. */
  #url: string | null | undefined;
  #wav: Wav | undefined;
  #peaks: readonly [Float32Array, Float32Array] | undefined;
  #loading = new AbortController();

  constructor(fetchRecording: FetchRecording) {
    this.#fetch = fetchRecording;
    this.#load.addEventListener('click', () => void this.#open());
    this.#play.addEventListener('click', () => this.#toggle());
    this.#wave.addEventListener('click', ({ offsetX }) =>
      this.#seek((offsetX / this.#wave.clientWidth) * this.#seconds),
    );
    this.#wave.addEventListener('keydown', (event) => this.#onKey(event));
    for (const type of ['timeupdate', 'seeked', 'play', 'pause', 'ended']) {
      this.#audio.addEventListener(type, () => this.#showPlace());
    }
    new ResizeObserver(() => this.draw()).observe(this.#wave);
  }

  show({ chosenId, details }: PageState): void {
    const recording = details?.callId === chosenId ? details?.recording : undefined;
    this.#root.hidden = !recording;
    if (recording?.url === this.#url) return;
    this.#close();
    this.#url = recording?.url;
    if (recording) this.#offer(recording);
  }

  /** Draws it anew: the width or the colours are others. */
  draw(): void {
    if (!this.#wav || this.#player.hidden) return;
    const columns = Math.max(1, Math.floor(this.#wave.clientWidth / COLUMN_PX));
    if (this.#peaks?.[0].length !== columns) {
      this.#peaks = [peaksOf(this.#wav, 0, columns), peaksOf(this.#wav, this.#wav.channels - 1, columns)];
    }
    drawWave(this.#wave, this.#peaks, this.#audio.currentTime / this.#seconds);
  }

  get #seconds(): number {
    return this.#wav?.durationSeconds ?? 0;
  }

  #offer({ state, url, bytes }: NonNullable<CallDetails['recording']>): void {
    this.#load.hidden = true;
    if (url === null) return setText(this.#note, 'The recording is not there any more.');
    this.#gap.hidden = state !== 'failed';
    if (bytes <= LOADED_UNASKED_BYTES) return void this.#open();
    setText(this.#load, `Load the recording (${megabytes(bytes)})`);
    this.#load.hidden = false;
  }

  async #open(): Promise<void> {
    const [url, { signal }] = [this.#url, this.#loading];
    if (!url) return;
    this.#load.hidden = true;
    setText(this.#note, 'Loading the recording…');
    try {
      const bytes = await this.#fetch(url, signal);
      if (!signal.aborted) this.#start(bytes);
    } catch (error) {
      if (signal.aborted) return;
      setText(this.#note, `The recording cannot be had: ${error instanceof Error ? error.message : 'no answer'}`);
      this.#load.hidden = false;
    }
  }

  #start(bytes: ArrayBuffer): void {
    this.#wav = openWav(bytes);
    setText(this.#note, this.#wav ? '' : 'The recording cannot be read.');
    if (!this.#wav) return;
    this.#audio.src = URL.createObjectURL(new Blob([bytes], { type: 'audio/wav' }));
    setText(this.#length, duration(this.#seconds));
    this.#player.hidden = false;
    this.#showPlace();
  }

  #close(): void {
    this.#loading.abort();
    this.#loading = new AbortController();
    this.#audio.pause();
    if (this.#audio.src !== '') URL.revokeObjectURL(this.#audio.src);
    this.#audio.removeAttribute('src');
    this.#wav = undefined;
    this.#peaks = undefined;
    this.#player.hidden = true;
    this.#gap.hidden = true;
    setText(this.#note, '');
  }

  #toggle(): void {
    if (!this.#audio.paused) return this.#audio.pause();
    this.#audio.play().catch(() => setText(this.#note, 'The browser cannot play the recording.'));
  }

  #seek(second: number): void {
    this.#audio.currentTime = Math.min(Math.max(0, second), this.#seconds);
    this.#showPlace();
  }

  #onKey(event: KeyboardEvent): void {
    const now = this.#audio.currentTime;
    const places: Readonly<Record<string, number>> = {
      ArrowRight: now + STEP_SECONDS,
      ArrowUp: now + STEP_SECONDS,
      ArrowLeft: now - STEP_SECONDS,
      ArrowDown: now - STEP_SECONDS,
      Home: 0,
      End: this.#seconds,
    };
    const place = places[event.key];
    const isPlay = event.key === ' ' || event.key === 'Enter';
    if (place === undefined && !isPlay) return;
    event.preventDefault();
    if (place === undefined) this.#toggle();
    else this.#seek(place);
  }

  #showPlace(): void {
    const now = this.#audio.currentTime;
    setText(this.#play, this.#audio.paused ? 'Play' : 'Pause');
    setText(this.#place, duration(now));
    setAttribute(this.#wave, 'aria-valuemin', '0');
    setAttribute(this.#wave, 'aria-valuemax', String(Math.round(this.#seconds)));
    setAttribute(this.#wave, 'aria-valuenow', String(Math.round(now)));
    setAttribute(this.#wave, 'aria-valuetext', `${duration(now)} of ${duration(this.#seconds)}`);
    this.draw();
  }
}
