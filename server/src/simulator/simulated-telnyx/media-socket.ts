/**
 * One media stream: the WebSocket that the carrier opens to the server, with its JSON frames in both directions. It
 * knows the wire only; what is played when is the line's business, when to open is the leg's.
 */
import { randomUUID } from 'node:crypto';
import type { RawData } from 'ws';
import { WebSocket } from 'ws';
import { DelayLine } from './delay-line';
import { frameScrambler } from './frame-faults';
import type { LineCodec } from './line-codec';
import { lineCodec } from './line-codec';
import type { ServerFrame } from './media-frames';
import { readServerFrame } from './media-frames';
import type { ByteOrder, FrameFaults, LineEncoding } from './phone-script';
import type { StreamRequest } from './stream-request';
import { nowMs, timestamp } from './timing';

const HANDSHAKE_TIMEOUT_MS = 5_000;
const AUTH_HEADER = 'x-telnyx-streaming-auth-token';

/** A frame on the media socket as the records keep it; `bytes` counts codec bytes. */
export type StreamFrameRecord = {
  readonly event: string;
  readonly atMs: number;
  readonly bytes?: number;
  /** Duration of the audio. */
  readonly audioMs?: number;
  /** Name of a mark. */
  readonly name?: string;
  readonly digit?: string;
};

/** How a stream ended, and whether the carrier itself ended it. */
export type StreamClosed = {
  readonly streamId: string;
  readonly code: number;
  readonly reason: string;
  readonly isByCarrier: boolean;
};

/** What the leg is told. */
export type MediaSocketListener = {
  onOpen(streamId: string): void;
  /** The upgrade was refused or failed. */
  onFailed(streamId: string): void;
  onClosed(closed: StreamClosed): void;
  onAudio(pcm: Int16Array): void;
  onMark(name: string): void;
  onClear(): void;
  onReceived(record: StreamFrameRecord): void;
  onSent(record: StreamFrameRecord): void;
  onViolation(text: string): void;
};

/** What a stream is opened with. */
export type MediaSocketOptions = {
  readonly request: StreamRequest;
  /** Fields of the start frame that come from the call. */
  readonly start: Readonly<Record<string, unknown>>;
  readonly userId: string;
  readonly encoding?: LineEncoding | undefined;
  readonly l16ByteOrder?: ByteOrder | undefined;
  readonly frameFaults?: FrameFaults | undefined;
  /** How long every frame travels, either way; default 0. */
  readonly networkDelayMs?: number | undefined;
  readonly listener: MediaSocketListener;
};

type EventFrame = { readonly event: string; readonly [field: string]: unknown };
type Track = 'inbound' | 'outbound';
type State = 'connecting' | 'open' | 'stalled' | 'closed';

/** A media stream from connecting to closed; it is used once. */
export class MediaSocket {
  readonly streamId = randomUUID();
  readonly #options: MediaSocketOptions;
  readonly #listener: MediaSocketListener;
  readonly #socket: WebSocket;
  readonly #inbound: LineCodec;
  readonly #outbound: LineCodec;
  readonly #scramble: (frame: string) => readonly string[];
  readonly #toServer: DelayLine;
  readonly #fromServer: DelayLine;
  readonly #chunks: Record<Track, number> = { inbound: 0, outbound: 0 };
  #state: State = 'connecting';
  #sequence = 0;
  #isByCarrier = false;

  constructor(options: MediaSocketOptions) {
    const { request, frameFaults, l16ByteOrder, networkDelayMs = 0 } = options;
    const { sampleRateHz, inboundEncoding, outboundEncoding } = request;
    this.#options = options;
    this.#listener = options.listener;
    this.#inbound = lineCodec({ encoding: options.encoding ?? inboundEncoding, sampleRateHz, l16ByteOrder });
    this.#outbound = lineCodec({ encoding: outboundEncoding, sampleRateHz, l16ByteOrder });
    this.#scramble = frameScrambler(frameFaults);
    this.#toServer = new DelayLine(networkDelayMs);
    this.#fromServer = new DelayLine(networkDelayMs);
    const headers = request.authToken === undefined ? {} : { [AUTH_HEADER]: request.authToken };
    this.#socket = new WebSocket(request.url, {
      headers,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      perMessageDeflate: false,
      // An echo that takes no time would tell the server of another network than its frames go through.
      autoPong: false,
    });
    this.#socket.on('open', () => this.#opened());
    this.#socket.on('message', (data, isBinary) => this.#fromServer.pass(() => this.#received(data, isBinary)));
    this.#socket.on('ping', (data) => this.#fromServer.pass(() => this.#echo(data)));
    this.#socket.on('close', (code, reason) => this.#hungUp(() => this.#closed(code, reason.toString())));
    // 'close' follows every error and says all that matters here.
    this.#socket.on('error', () => undefined);
  }

  /** Sends one 20 ms frame of audio, unless stalled; the server's own audio only if it asked for both tracks. */
  sendAudio(track: Track, pcm: Int16Array): void {
    if (this.#state !== 'open' || (track === 'outbound' && this.#options.request.track !== 'both_tracks')) return;
    const chunk = (this.#chunks[track] += 1);
    const bytes = this.#inbound.encode(pcm);
    // Counted in samples as RTP does; only the order of timestamps is documented.
    const media = { track, chunk: `${chunk}`, timestamp: `${chunk * pcm.length}`, payload: bytes.toString('base64') };
    const frame = this.#numbered({ event: 'media', media });
    for (const text of this.#scramble(frame)) this.#post(text);
    if (track === 'inbound') this.#listener.onSent({ event: 'media', atMs: nowMs(), bytes: bytes.length });
  }

  /** Returns a mark to the server. */
  sendMark(name: string): void {
    this.#send({ event: 'mark', mark: { name } }, { name });
  }

  /** Tells the server of a key pressed by the callee. */
  sendDtmf(digit: string): void {
    this.#send({ event: 'dtmf', occurred_at: timestamp(), dtmf: { digit } }, { digit });
  }

  /** Sends no more media, but keeps the socket. */
  stall(): void {
    if (this.#state === 'open') this.#state = 'stalled';
  }

  /** Ends the stream in order: a stop frame, then a close without a code. */
  stop(): void {
    this.#isByCarrier = true;
    const { start, userId } = this.#options;
    this.#send({ event: 'stop', stop: { user_id: userId, call_control_id: start['call_control_id'] } }, {});
    if (this.#state === 'connecting') this.#socket.terminate();
    else this.#toServer.pass(() => this.#socket.close());
  }

  /** Breaks the connection without a word, as a failing network does. */
  drop(): void {
    this.#isByCarrier = true;
    this.#loseFrames();
    this.#socket.terminate();
  }

  #opened(): void {
    this.#state = 'open';
    const { request, start, userId } = this.#options;
    const token = request.authToken === undefined ? {} : { connected: { [AUTH_HEADER]: request.authToken } };
    this.#post(JSON.stringify({ event: 'connected', version: '1.0.0', ...token }));
    this.#listener.onSent({ event: 'connected', atMs: nowMs() });
    const { encoding, sampleRateHz } = this.#inbound;
    const format = { encoding, sample_rate: sampleRateHz, channels: 1 };
    const custom = Object.keys(request.customParameters).length > 0;
    const parameters = custom ? { custom_parameters: request.customParameters } : {};
    this.#send({ event: 'start', start: { user_id: userId, ...start, ...parameters, media_format: format } }, {});
    this.#listener.onOpen(this.streamId);
  }

  #hungUp(tell: () => void): void {
    // A close of the server's comes after its last frames; one of the carrier's own is no news.
    if (this.#isByCarrier) tell();
    else this.#fromServer.pass(tell);
  }

  #closed(code: number, reason: string): void {
    this.#loseFrames();
    const wasConnecting = this.#state === 'connecting';
    this.#state = 'closed';
    if (!wasConnecting) {
      this.#listener.onClosed({ streamId: this.streamId, code, reason, isByCarrier: this.#isByCarrier });
    } else if (!this.#isByCarrier) {
      this.#listener.onFailed(this.streamId);
    }
  }

  #loseFrames(): void {
    this.#toServer.clear();
    this.#fromServer.clear();
  }

  #received(data: RawData, isBinary: boolean): void {
    // A message that crossed our stop on its way is nobody's fault.
    if (this.#isByCarrier) return;
    const result = isBinary ? undefined : readServerFrame(textOf(data), this.#outbound);
    if (result?.ok === true) return this.#accept(result.frame);
    const error = result?.error ?? { code: 100003, title: 'malformed_frame', detail: 'Frames are text, not binary.' };
    this.#listener.onViolation(`${error.code} ${error.title}: ${error.detail}`);
    this.#post(JSON.stringify({ event: 'error', stream_id: this.streamId, payload: error }));
    this.#listener.onSent({ event: 'error', atMs: nowMs() });
  }

  #accept(frame: ServerFrame): void {
    const atMs = nowMs();
    switch (frame.event) {
      case 'media': {
        const bytes = frame.bytes.length;
        this.#listener.onAudio(this.#outbound.decode(frame.bytes));
        return this.#listener.onReceived({ event: 'media', atMs, bytes, audioMs: bytes / this.#outbound.bytesPerMs });
      }
      case 'mark':
        this.#listener.onReceived({ event: 'mark', atMs, name: frame.name });
        return this.#listener.onMark(frame.name);
      default:
        this.#listener.onReceived({ event: 'clear', atMs });
        return this.#listener.onClear();
    }
  }

  #send(frame: EventFrame, noted: Pick<StreamFrameRecord, 'name' | 'digit'>): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#post(this.#numbered(frame));
    this.#listener.onSent({ event: frame.event, atMs: nowMs(), ...noted });
  }

  #post(text: string): void {
    this.#toServer.pass(() => {
      if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(text);
    });
  }

  #echo(ping: Buffer): void {
    this.#toServer.pass(() => {
      if (this.#socket.readyState === WebSocket.OPEN) this.#socket.pong(ping);
    });
  }

  #numbered(frame: object): string {
    this.#sequence += 1;
    return JSON.stringify({ ...frame, sequence_number: `${this.#sequence}`, stream_id: this.streamId });
  }
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString();
  return Buffer.isBuffer(data) ? data.toString() : Buffer.from(data).toString();
}
