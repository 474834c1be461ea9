// One media stream of Telnyx over the WebSocket that Telnyx opened to us: wire frames on one side, CarrierStream on
// the other. Knows nothing of codecs, pacing or the AI.

import type { RawData, WebSocket } from 'ws';
import type { AnnouncedStream, CarrierStream, CarrierStreamListener } from '../../calls/conversation-ports';
import type { Clock, Logger } from '../../calls/ports';
import { messageText } from '../../lib/message-text';
import { fromClientState } from './client-state';
import { CLEAR_FRAME, markFrame, mediaFrame, parseFrame, type StartFrame } from './stream-frames';

// Telnyx sends `connected` and `start` right after the upgrade; a peer that does not is not Telnyx.
const START_TIMEOUT_MS = 5_000;

// About 20 s of outbound audio in base64: a carrier this far behind is gone, whatever TCP says.
const MAX_BUFFERED_BYTES = 256 * 1024;

// WebSocket close code "policy violation".
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
      if (frame?.event === 'start') settle(announce(socket, frame, deps));
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
    stream: new TelnyxStream(socket, frame, deps.log),
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
  readonly #log: Logger;
  #listener: CarrierStreamListener | undefined;
  #unheard: ((listener: CarrierStreamListener) => void)[] = [];
  #isClosed = false;
  #hasStopped = false;

  constructor(socket: WebSocket, { stream_id: streamId, start }: StartFrame, log: Logger) {
    this.streamId = streamId;
    this.encoding = start.media_format.encoding;
    this.sampleRateHz = start.media_format.sample_rate;
    this.#socket = socket;
    this.#log = log;
    socket.on('message', this.#onMessage);
    socket.once('close', this.#onClose);
  }

  get closed(): boolean {
    return this.#isClosed;
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
    this.#isClosed = true;
    this.#socket.off('message', this.#onMessage);
    this.#socket.close(NORMAL_CLOSURE);
  }

  #send(frame: string): void {
    if (this.#isClosed || this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > MAX_BUFFERED_BYTES) {
      this.#log.warn('The carrier does not take its audio, dropping the stream', { streamId: this.streamId });
      return this.#socket.terminate();
    }
    this.#socket.send(frame);
  }

  readonly #onMessage = (raw: RawData): void => {
    const frame = parseFrame(messageText(raw));
    switch (frame?.event) {
      case 'media':
        // With both tracks requested, `outbound` would be our own voice.
        if (frame.media.track !== 'inbound') return;
        return this.#tell((listener) => listener.onAudio(Buffer.from(frame.media.payload, 'base64')));
      case 'mark':
        return this.#tell((listener) => listener.onMark(frame.mark.name));
      case 'stop':
        this.#hasStopped = true;
        return this.#tell((listener) => listener.onStopped());
      case 'error':
        return this.#log.warn('Telnyx refused a media frame', { streamId: this.streamId, ...frame.payload });
      case undefined:
        return this.#log.warn('A media frame could not be read', { streamId: this.streamId });
      case 'start':
      case 'connected':
      case 'dtmf':
        return;
    }
  };

  readonly #onClose = (closeCode: number): void => {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!this.#hasStopped) this.#tell((listener) => listener.onLost(closeCode));
  };

  #tell(event: (listener: CarrierStreamListener) => void): void {
    if (this.#listener) return event(this.#listener);
    this.#unheard.push(event);
    if (this.#unheard.length > MAX_UNHEARD_EVENTS) this.#unheard.shift();
  }
}
