// One media stream of Telnyx over the WebSocket that Telnyx opened to us: wire frames on one side, CarrierStream on
// the other. Knows nothing of codecs, pacing or the AI.

import type { RawData, WebSocket } from 'ws';
import type { AnnouncedStream, CarrierStream, CarrierStreamListener } from '../../calls/conversation-ports';
import type { Clock, Logger, Timer } from '../../calls/ports';
import { messageText } from '../../lib/message-text';
import { fromClientState } from './client-state';
import { CLEAR_FRAME, markFrame, mediaFrame, parseFrame, type StartFrame } from './stream-frames';

// Telnyx sends `connected` and `start` right after the upgrade; a peer that does not is not Telnyx.
const START_TIMEOUT_MS = 5_000;

// About 20 s of outbound audio in base64: a carrier this far behind is gone, whatever TCP says.
const MAX_BUFFERED_BYTES = 256 * 1024;

// Some may be corrupted or of a kind that we do not know; ten seconds' worth of them is not a phone call.
const MAX_UNREADABLE_FRAMES = 500;

// The round trip is needed at the first barge-in, and again when the network has changed.
const PING_EVERY_MS = 5_000;

// WebSocket close codes.
const POLICY_VIOLATION = 1008;
const NORMAL_CLOSURE = 1000;

// More than this many unheard events means that nobody is going to listen; the oldest go first.
const MAX_UNHEARD_EVENTS = 250;

type Deps = { readonly clock: Clock; readonly log: Logger };

/** Waits for the `start` frame of a fresh socket; undefined when it does not come. */
export function announcedStream(socket: WebSocket, deps: Deps): Promise<AnnouncedStream | undefined> {
  return new Promise((resolve) => {
    const settle = (announced: AnnouncedStream | undefined): void => {
      timer.cancel();
      socket.off('message', onMessage).off('close', onClose);
      resolve(announced);
    };
    const onClose = (): void => settle(undefined);
    const onMessage = (raw: RawData): void => {
      const frame = parseFrame(messageText(raw));
      if (frame.event === 'start') settle(announce(socket, frame, deps));
    };
    const timer = deps.clock.after(START_TIMEOUT_MS, () => {
      socket.close(POLICY_VIOLATION, 'no start frame');
      settle(undefined);
    });
    socket.on('message', onMessage).on('close', onClose);
    socket.on('error', (error) => deps.log.warn('The media stream socket failed', { error }));
  });
}

function announce(socket: WebSocket, frame: StartFrame, deps: Deps): AnnouncedStream {
  return {
    stream: new TelnyxStream(socket, frame, deps),
    callId: fromClientState(frame.start.client_state),
    carrierCallId: frame.start.call_control_id,
  };
}

/** Telnyx's end of one call's audio. */
export class TelnyxStream implements CarrierStream {
  readonly streamId: string;
  readonly encoding: string;
  readonly sampleRateHz: number;
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #log: Logger;
  #listener: CarrierStreamListener | undefined;
  #unheard: ((listener: CarrierStreamListener) => void)[] = [];
  #isClosed = false;
  #hasStopped = false;
  #unreadableFrames = 0;
  #pingedAtMs = 0;
  #roundTripMs = 0;
  #pingTimer: Timer | undefined;

  constructor(socket: WebSocket, { stream_id: streamId, start }: StartFrame, { clock, log }: Deps) {
    this.streamId = streamId;
    this.encoding = start.media_format.encoding;
    this.sampleRateHz = start.media_format.sample_rate;
    this.#socket = socket;
    this.#clock = clock;
    this.#log = log;
    socket.on('message', this.#onMessage).on('pong', this.#onPong).once('close', this.#onClose);
    this.#ping();
  }

  get closed(): boolean {
    return this.#isClosed;
  }

  get roundTripMs(): number {
    return this.#roundTripMs;
  }

  listen(listener: CarrierStreamListener): void {
    this.#listener = listener;
    const unheard = this.#unheard;
    this.#unheard = [];
    for (const tell of unheard) tell(listener);
  }

  sendAudio(audio: Uint8Array): void {
    this.#send(mediaFrame(audio));
  }

  sendMark(name: string): void {
    this.#send(markFrame(name));
  }

  clear(): void {
    this.#send(CLEAR_FRAME);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#end();
    this.#socket.off('message', this.#onMessage);
    this.#socket.close(NORMAL_CLOSURE);
  }

  #end(): void {
    this.#isClosed = true;
    this.#pingTimer?.cancel();
    if (this.#unreadableFrames === 0) return;
    this.#log.warn('Media frames could not be read', { streamId: this.streamId, frames: this.#unreadableFrames });
  }

  #send(frame: string): void {
    if (this.#isClosed || this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > MAX_BUFFERED_BYTES) {
      this.#log.warn('The carrier does not take its audio, dropping the stream', { streamId: this.streamId });
      return this.#socket.terminate();
    }
    this.#socket.send(frame);
  }

  #ping(): void {
    this.#pingedAtMs = this.#clock.monotonicMs();
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
    this.#pingTimer = this.#clock.after(PING_EVERY_MS, () => this.#ping());
  }

  readonly #onPong = (): void => {
    this.#roundTripMs = this.#clock.monotonicMs() - this.#pingedAtMs;
  };

  readonly #onMessage = (raw: RawData): void => {
    const frame = parseFrame(messageText(raw));
    switch (frame.event) {
      case 'media':
        // With both tracks requested, `outbound` would be our own voice.
        if (frame.media.track !== 'inbound' || frame.media.payload === '') return;
        return this.#tell((listener) => listener.onAudio(Buffer.from(frame.media.payload, 'base64')));
      case 'mark':
        return this.#tell((listener) => listener.onMark(frame.mark.name));
      case 'stop':
        this.#hasStopped = true;
        return this.#tell((listener) => listener.onStopped());
      case 'error':
        return this.#log.warn('Telnyx refused a media frame', { streamId: this.streamId, ...frame.payload });
      case 'unreadable':
        return this.#onUnreadable();
      case 'start':
      case 'connected':
      case 'dtmf':
      case 'unknown':
        return;
    }
  };

  /** Counted, and told once at the end: a line a frame would be fifty a second. */
  #onUnreadable(): void {
    this.#unreadableFrames += 1;
    if (this.#unreadableFrames > MAX_UNREADABLE_FRAMES) this.#socket.close(POLICY_VIOLATION, 'unreadable frames');
  }

  readonly #onClose = (closeCode: number): void => {
    if (this.#isClosed) return;
    this.#end();
    if (!this.#hasStopped) this.#tell((listener) => listener.onLost(closeCode));
  };

  #tell(event: (listener: CarrierStreamListener) => void): void {
    if (this.#listener) return event(this.#listener);
    this.#unheard.push(event);
    if (this.#unheard.length > MAX_UNHEARD_EVENTS) this.#unheard.shift();
  }
}
