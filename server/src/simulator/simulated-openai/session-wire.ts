/**
 * The socket of one session, as far away as the network makes it: whatever goes over it, in either direction, arrives
 * a fixed time later and in its order. The upgrade itself is not delayed.
 */
import { type RawData, WebSocket } from 'ws';
import { DelayLine } from '../simulated-telnyx/delay-line';

/** As captured from the real server. */
const PING_INTERVAL_MS = 20_260;

/** A socket whose far end can vanish while the connection stays: then not even a close frame is answered. */
export class FreezableSocket extends WebSocket {
  isFrozen = false;

  override close(code?: number, reason?: string | Buffer): void {
    if (!this.isFrozen) super.close(code, reason);
  }
}

/** How a session's socket was closed. */
export type SessionClose = { readonly code: number; readonly reason: string };

/** What a wire reports, as the server gets to know it. */
export type WireListener = {
  readonly onMessage: (data: RawData, isBinary: boolean) => void;
  readonly onClose: (close: SessionClose) => void;
};

/** The way between a client and its session. */
export class SessionWire {
  readonly #socket: FreezableSocket;
  readonly #toServer: DelayLine;
  readonly #toClient: DelayLine;
  readonly #pinger: NodeJS.Timeout;
  #isOpen = true;

  constructor(socket: FreezableSocket, networkDelayMs: number, { onMessage, onClose }: WireListener) {
    this.#socket = socket;
    this.#toServer = new DelayLine(networkDelayMs);
    this.#toClient = new DelayLine(networkDelayMs);
    this.#pinger = setInterval(() => this.#pass(() => socket.ping()), PING_INTERVAL_MS).unref();
    socket.on('message', (data, isBinary) => {
      // What arrives behind our own close frame is not answered any more.
      this.#toServer.pass(() => this.#isOpen && onMessage(data, isBinary));
    });
    socket.on('ping', (data) => this.#toServer.pass(() => this.#pass(() => socket.pong(data))));
    // What the client sent before it closed the socket is still on its way.
    socket.on('close', (code, reason) => {
      this.#toServer.pass(() => {
        this.#stop();
        onClose({ code, reason: reason.toString() });
      });
    });
    // A reset connection is followed by `close`, which is what counts.
    socket.on('error', () => undefined);
  }

  /** Whether the server may still send. */
  get isOpen(): boolean {
    return this.#isOpen && this.#socket.readyState === this.#socket.OPEN;
  }

  /** Sends a message; nothing happens when the socket is closed before it could have arrived. */
  send(message: string): void {
    this.#pass(() => this.#socket.send(message));
  }

  /** Closes the socket properly, behind everything that was sent. */
  close(code: number, reason: string): void {
    this.#isOpen = false;
    this.#pass(() => this.#socket.close(code, reason));
  }

  /** Sends and answers nothing any more, pings and the client's close included; the connection stays. */
  freeze(): void {
    this.#stop();
    this.#socket.isFrozen = true;
  }

  /** Cuts the connection; what is on its way is lost. */
  cut(): void {
    this.#stop();
    this.#socket.terminate();
  }

  #pass(arrive: () => void): void {
    if (this.#socket.isFrozen) return;
    this.#toClient.pass(() => this.#socket.readyState === this.#socket.OPEN && arrive());
  }

  #stop(): void {
    this.#isOpen = false;
    clearInterval(this.#pinger);
    this.#toClient.clear();
  }
}
