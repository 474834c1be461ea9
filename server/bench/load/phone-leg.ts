// Telnyx's end of one media stream: a WebSocket client that announces the stream, sends the caller's frames when told
// to, takes the audio for the phone and echoes marks when it would have been played.

import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { UpgradeAnswer, upgradeRequest } from './handshake';
import { clientFrame, FrameReader, frameText, OPCODE, type ReceivedFrame } from './web-socket-wire';

/** What a phone leg needs to know. */
export type PhoneLegOptions = {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly carrierCallId: string;
  readonly clientState: string | undefined;
  /** Base64 of the caller's frames, sent over and over. */
  readonly frames: readonly string[];
  readonly onStarted: () => void;
  /** Audio for the phone. */
  readonly onAudio: (bytes: number) => void;
  readonly onMark: (name: string) => void;
  /** The stream was up and ended without our doing, or did not come up. */
  readonly onLost: (error?: Error) => void;
};

// One frame of 20 ms at 8 kHz, the unit in which captured streams count.
const SAMPLES_PER_FRAME = 160;

const PAYLOAD_KEY = '"payload":"';
const MEDIA_EVENT = '{"event":"media"';

/** The media stream of one call. */
export class PhoneLeg {
  readonly #options: PhoneLegOptions;
  readonly #socket: Socket;
  readonly #streamId = randomUUID();
  readonly #reader = new FrameReader((frame) => this.#onFrame(frame));
  /** Undefined once the socket speaks WebSocket. */
  #answer: UpgradeAnswer | undefined = new UpgradeAnswer();
  #sequenceNumber = 0;
  #chunk = 0;
  #isOver = false;

  constructor(options: PhoneLegOptions) {
    this.#options = options;
    this.#socket = connect({ host: options.url.hostname, port: Number(options.url.port), noDelay: true });
    this.#socket.on('data', (chunk) => this.#onData(chunk)).on('error', (error) => this.#lose(error));
    this.#socket.on('close', () => this.#lose());
    this.#socket.write(upgradeRequest(options.url, options.headers));
  }

  /** Sends the caller's next 20 ms. */
  sendFrame(): void {
    const { frames } = this.#options;
    const payload = frames[this.#chunk % frames.length] ?? '';
    this.#chunk += 1;
    this.#send(
      `{"event":"media","sequence_number":"${++this.#sequenceNumber}","stream_id":"${this.#streamId}",` +
        `"media":{"track":"inbound","chunk":"${this.#chunk}","timestamp":"${this.#chunk * SAMPLES_PER_FRAME}",` +
        `"payload":"${payload}"}}`,
    );
  }

  /** Echoes a mark: everything sent before it was played. */
  echoMark(name: string): void {
    const sequenceNumber = String(++this.#sequenceNumber);
    const mark = { event: 'mark', sequence_number: sequenceNumber, stream_id: this.#streamId, mark: { name } };
    this.#send(JSON.stringify(mark));
  }

  /** The call is over: the stream ends as Telnyx ends it. */
  stop(): void {
    if (this.#isOver) return;
    const stop = { call_control_id: this.#options.carrierCallId };
    const sequenceNumber = String(++this.#sequenceNumber);
    this.#send(JSON.stringify({ event: 'stop', sequence_number: sequenceNumber, stream_id: this.#streamId, stop }));
    this.#isOver = true;
    this.#socket.end(clientFrame(OPCODE.close, ''));
  }

  #onData(chunk: Buffer): void {
    try {
      const frames = this.#answer ? this.#answer.push(chunk) : chunk;
      if (!frames) return;
      if (this.#answer) this.#start();
      this.#reader.push(frames);
    } catch (error) {
      this.#lose(error as Error);
    }
  }

  #start(): void {
    this.#answer = undefined;
    const { carrierCallId, clientState } = this.#options;
    const start = {
      call_control_id: carrierCallId,
      client_state: clientState,
      media_format: { encoding: 'PCMU', sample_rate: 8000, channels: 1 },
    };
    this.#send('{"event":"connected","version":"1.0.0"}');
    const sequenceNumber = String(++this.#sequenceNumber);
    this.#send(JSON.stringify({ event: 'start', sequence_number: sequenceNumber, stream_id: this.#streamId, start }));
    this.#options.onStarted();
  }

  #onFrame(frame: ReceivedFrame): void {
    if (this.#isOver) return;
    if (frame.opcode === OPCODE.text) return this.#onText(frame);
    if (frame.opcode === OPCODE.ping) this.#socket.write(clientFrame(OPCODE.pong, frameText(frame)));
    if (frame.opcode === OPCODE.close) this.#lose();
  }

  #onText(frame: ReceivedFrame): void {
    const { bytes, start, end } = frame;
    if (frameText(frame, 0, MEDIA_EVENT.length) === MEDIA_EVENT) {
      const from = bytes.indexOf(PAYLOAD_KEY, start, 'latin1') + PAYLOAD_KEY.length;
      return this.#options.onAudio(base64Bytes(bytes, from, bytes.indexOf('"', from, 'latin1')));
    }
    const event = JSON.parse(bytes.toString('latin1', start, end)) as { event: string; mark?: { name: string } };
    if (event.event === 'mark' && event.mark) this.#options.onMark(event.mark.name);
  }

  #send(text: string): void {
    if (!this.#isOver) this.#socket.write(clientFrame(OPCODE.text, text));
  }

  #lose(error?: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket.destroy();
    this.#options.onLost(error);
  }
}

/** How many bytes the base64 text from `from` to `to` stands for. */
function base64Bytes(text: Buffer, from: number, to: number): number {
  const isPadding = (at: number): number => (text[at] === 0x3d ? 1 : 0);
  return ((to - from) / 4) * 3 - isPadding(to - 1) - isPadding(to - 2);
}
