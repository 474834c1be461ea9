// One media stream of Telnyx over the WebSocket that Telnyx opened to us: wire frames on one side, CarrierStream on
// the other. Knows nothing of codecs, pacing or the AI.

import type { RawData, WebSocket } from 'ws';
import { BoundedLog } from '../../calls/bounded-log';
import type { CarrierStream, CarrierStreamListener } from '../../calls/conversation-ports';
import type { CarrierStreamStats } from '../../calls/conversation-events';
import { guardedClock } from '../../calls/fault-guard';
import type { Clock, Logger } from '../../calls/ports';
import { Base64Reader } from '../../lib/base64-reader';
import { messageText } from '../../lib/message-text';
import { FloodGate } from './flood-gate';
import { FrameOrder } from './frame-order';
import type { L16ByteOrder } from './l16-byte-order';
import { L16Reader } from './l16-reader';
import { RoundTrip } from './round-trip';
import type { StreamCodec } from './stream-codec';
import {
  CLEAR_FRAME,
  type ErrorFrame,
  type InboundFrame,
  markFrame,
  mediaFrame,
  type OddFrame,
  parseFrame,
  type StartFrame,
} from './stream-frames';

// About 20 s of outbound G.711 in base64, 6 s of L16: a carrier this far behind is gone, whatever TCP says.
const MAX_BUFFERED_BYTES = 256 * 1024;

// Some may be corrupted; ten seconds of them without any audio between is not a phone call.
const MAX_UNREADABLE_FRAMES = 500;

// WebSocket close codes.
const POLICY_VIOLATION = 1008;
const NORMAL_CLOSURE = 1000;

// More than this many unheard frames means that nobody is going to listen; the oldest go first.
const MAX_UNHEARD_FRAMES = 250;

// The peer may name its errors as it likes, in up to 64 KB.
const MAX_ERROR_TITLE = 200;

const AS_TEXT = { binary: false };

/** What a stream works with. */
export type StreamDeps = {
  readonly clock: Clock;
  readonly log: Logger;
  /** The outbound encoding that was asked for. */
  readonly codec: StreamCodec;
  /** What is known of the byte order of L16; streams learn it from each other. */
  readonly l16ByteOrder: L16ByteOrder;
};

/** Telnyx's end of one call's audio. */
export class TelnyxStream implements CarrierStream {
  readonly streamId: string;
  readonly encoding: string;
  readonly sampleRateHz: number;
  readonly channels: number;
  readonly #socket: WebSocket;
  readonly #deps: StreamDeps;
  readonly #warnings: BoundedLog;
  readonly #gate: FloodGate;
  readonly #order: FrameOrder;
  readonly #roundTrip: RoundTrip;
  /** Undefined when the audio is not L16. */
  readonly #l16: L16Reader | undefined;
  readonly #payloads = new Base64Reader();
  #listener: CarrierStreamListener | undefined;
  #unheard: (InboundFrame | OddFrame)[] = [];
  #isClosed = false;
  #hasStopped = false;
  #isFlooded = false;
  /** Close code, once the socket went away by itself. */
  #lostWith: number | undefined;
  #unreadableFrames = 0;
  #unreadableInARow = 0;
  #peakBacklogBytes = 0;

  constructor(socket: WebSocket, { stream_id: streamId, start }: StartFrame, deps: StreamDeps) {
    this.streamId = streamId;
    this.encoding = start.media_format.encoding;
    this.sampleRateHz = start.media_format.sample_rate;
    this.channels = start.media_format.channels;
    this.#socket = socket;
    this.#deps = deps;
    this.#warnings = new BoundedLog(deps.log, deps.clock);
    this.#gate = new FloodGate(deps.clock);
    this.#l16 = this.encoding.toUpperCase() === 'L16' ? this.#l16Reader() : undefined;
    this.#order = new FrameOrder(
      guardedClock(deps.clock, (error) => this.#onFault(error)),
      {
        onFrame: (payload) => this.#onAudio(payload),
        onMissing: (frames) => this.#listener?.onMissing(frames),
      },
    );
    socket
      .on('message', this.#onMessage)
      .on('ping', this.#onPing)
      .on('pong', this.#onPing)
      .once('close', this.#onClose);
    this.#roundTrip = new RoundTrip(socket, deps.clock);
  }

  get closed(): boolean {
    return this.#isClosed;
  }

  get roundTripMs(): number {
    return this.#roundTrip.ms;
  }

  get stats(): CarrierStreamStats {
    return {
      ...this.#order.stats,
      unreadable: this.#unreadableFrames,
      peakBacklogBytes: this.#peakBacklogBytes,
    };
  }

  listen(listener: CarrierStreamListener): void {
    if (this.#isFlooded) return listener.onFlooded();
    this.#listener = listener;
    const unheard = this.#unheard;
    this.#unheard = [];
    for (const frame of unheard) this.#handle(frame, listener);
    if (this.#lostWith !== undefined && !this.#hasStopped) listener.onLost(this.#lostWith);
  }

  sendAudio(audio: Buffer): void {
    // Swapped in a copy: the audio is only lent to us.
    const isSwapped = this.#deps.codec === 'L16' && this.#deps.l16ByteOrder.order === 'big';
    this.#send(mediaFrame(isSwapped ? Buffer.from(audio).swap16() : audio));
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
    this.#roundTrip.stop();
    if (this.#unreadableFrames === 0) return;
    this.#deps.log.warn('Media frames could not be read', { streamId: this.streamId, frames: this.#unreadableFrames });
  }

  #send(frame: Buffer): void {
    if (this.#isClosed || this.#socket.readyState !== this.#socket.OPEN) return;
    const backlogBytes = this.#socket.bufferedAmount;
    if (backlogBytes > this.#peakBacklogBytes) this.#peakBacklogBytes = backlogBytes;
    if (backlogBytes > MAX_BUFFERED_BYTES) {
      this.#deps.log.warn('The carrier does not take its audio, dropping the stream', { streamId: this.streamId });
      return this.#socket.terminate();
    }
    this.#socket.send(frame, AS_TEXT);
  }

  readonly #onMessage = (raw: RawData): void => {
    if (!this.#gate.take(byteLength(raw))) return this.#onFlood();
    try {
      const frame = parseFrame(messageText(raw));
      if (this.#listener) return this.#handle(frame, this.#listener);
      this.#unheard.push(frame);
      if (this.#unheard.length > MAX_UNHEARD_FRAMES) this.#unheard.shift();
    } catch (error) {
      this.#onFault(error);
    }
  };

  readonly #onPing = (data: Buffer): void => {
    if (!this.#gate.take(data.byteLength)) this.#onFlood();
  };

  /** No word of farewell: until it is answered, more would be read. What has come and waits is not heard any more. */
  #onFlood(): void {
    if (this.#isClosed) return;
    const listener = this.#listener;
    this.#isFlooded = true;
    this.#listener = undefined;
    this.#unheard = [];
    this.#guarded(() => this.#finishAudio());
    this.#end();
    this.#socket.off('message', this.#onMessage).terminate();
    this.#deps.log.warn('More came on a media stream than a phone call has, dropping it', { streamId: this.streamId });
    this.#guarded(() => listener?.onFlooded());
  }

  #guarded(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#onFault(error);
    }
  }

  /** A fault while a message is handled ends this stream, as if the socket were lost, and not the process. */
  #onFault(error: unknown): void {
    this.#deps.log.error('A fault ended a media stream', { streamId: this.streamId, error });
    this.#hasStopped = false;
    this.#socket.off('message', this.#onMessage).terminate();
  }

  #handle(frame: InboundFrame | OddFrame, listener: CarrierStreamListener): void {
    switch (frame.event) {
      case 'media':
        // With both tracks requested, `outbound` would be our own voice.
        if (frame.track === 'inbound') this.#order.take(frame.chunk, frame.payload);
        return;
      case 'mark':
        return listener.onMark(frame.mark.name);
      case 'dtmf':
        return listener.onDigit(frame.dtmf.digit);
      case 'stop':
        this.#hasStopped = true;
        this.#finishAudio();
        return listener.onStopped();
      case 'error':
        return this.#onRefused(frame.payload);
      case 'unreadable':
        return this.#onUnreadable();
      case 'start':
      case 'connected':
      case 'unknown':
        return;
    }
  }

  #onAudio(payload: string): void {
    if (payload === '') return;
    const audio = this.#payloads.read(payload);
    if (audio.length === 0) return this.#onUnreadable();
    if (this.#l16) this.#l16.take(audio);
    else this.#onSamples(audio);
  }

  #l16Reader(): L16Reader {
    const { l16ByteOrder: known } = this.#deps;
    return new L16Reader(known, {
      onFrame: (samples) => this.#onSamples(samples),
      onCorrected: () =>
        this.#warnings.warn('L16 has another byte order than was believed: set TELNYX_L16_BYTE_ORDER', {
          order: known.order,
        }),
    });
  }

  #onSamples(samples: Buffer): void {
    if (samples.length === 0) return this.#onUnreadable();
    this.#unreadableInARow = 0;
    this.#listener?.onAudio(samples);
  }

  #onRefused({ code, title }: ErrorFrame['payload']): void {
    const fields = { streamId: this.streamId, code, title: title?.slice(0, MAX_ERROR_TITLE) };
    this.#warnings.warn('Telnyx refused a media frame', fields);
  }

  /** Nothing more comes in: what waits for something is delivered. */
  #finishAudio(): void {
    this.#order.finish();
    this.#l16?.finish();
  }

  /** Counted, and told once at the end: a line a frame would be fifty a second. */
  #onUnreadable(): void {
    this.#unreadableFrames += 1;
    this.#unreadableInARow += 1;
    if (this.#unreadableInARow === MAX_UNREADABLE_FRAMES) this.#socket.close(POLICY_VIOLATION, 'unreadable frames');
  }

  readonly #onClose = (closeCode: number): void => {
    if (this.#isClosed) return;
    this.#guarded(() => this.#finishAudio());
    this.#end();
    this.#lostWith = closeCode;
    if (!this.#hasStopped) this.#guarded(() => this.#listener?.onLost(closeCode));
  };
}

function byteLength(raw: RawData): number {
  return Array.isArray(raw) ? raw.reduce((sum, part) => sum + part.byteLength, 0) : raw.byteLength;
}
