/** The media streams of one leg, one at a time: when they open as the script has it, and what webhooks tell of them. */
import { randomUUID } from 'node:crypto';
import type { MediaSocketListener, StreamClosed } from './media-socket';
import { MediaSocket } from './media-socket';
import type { PhoneScript, StreamBehaviour, StreamCut } from './phone-script';
import type { StreamRequest } from './stream-request';
import { TimerSet } from './timing';

/** What a leg lends to its streams. */
export type StreamOwner = {
  readonly script: PhoneScript;
  readonly userId: string;
  /** Fields of the start frame, read when a stream opens. */
  startFields(): Readonly<Record<string, unknown>>;
  publish(eventType: string, fields: object): void;
  onFailed(reason: string): void;
  /** A stream that was open is no longer the leg's, though its socket may still have to close. */
  onDetached(): void;
  readonly listener: Omit<MediaSocketListener, 'onFailed'>;
};

/** Opens, replaces and closes the streams of a leg. */
export class LegStreams {
  readonly #owner: StreamOwner;
  readonly #timers = new TimerSet();
  readonly #sockets = new Set<MediaSocket>();
  #live: { readonly socket: MediaSocket; readonly request: StreamRequest; isOpen: boolean } | undefined;
  #attempts = 0;
  #restarts = 0;
  #hasBeenOpen = false;

  constructor(owner: StreamOwner) {
    this.#owner = owner;
  }

  /** The current stream, connecting or open. */
  get live(): MediaSocket | undefined {
    return this.#live?.socket;
  }

  /** Starts a stream as the script provides, in place of the one that is live. */
  open(request: StreamRequest): void {
    this.stop();
    const { behaviour, isAffected } = this.#nextAttempt();
    if (behaviour.kind === 'late') this.#timers.after(behaviour.afterMs, () => this.#connect(request));
    else if (behaviour.kind === 'ok' || !isAffected) this.#connect(request);
    else if (behaviour.kind === 'fails') this.#fail(request, behaviour.reason ?? 'connection_failed');
  }

  /** Breaks the live stream without a stop frame; a carrier that connects again by itself tells nobody of the gap. */
  drop({ reconnectsAfterMs }: StreamCut): void {
    const live = this.#live;
    if (live === undefined) return;
    if (reconnectsAfterMs !== undefined) {
      this.#live = undefined;
      this.#owner.onDetached();
      this.#timers.after(reconnectsAfterMs, () => this.#connect(live.request));
    }
    live.socket.drop();
  }

  /** Ends the live stream in order; returns false if there is none or it has another id. */
  stop(streamId?: string): boolean {
    this.#timers.clear();
    const socket = this.live;
    if (socket === undefined || (streamId !== undefined && streamId !== socket.streamId)) return false;
    socket.stop();
    this.#detach(socket);
    return true;
  }

  /** Breaks every socket at once, those included that are still closing. */
  destroy(): void {
    this.#timers.clear();
    this.#live = undefined;
    for (const socket of this.#sockets) socket.drop();
  }

  #nextAttempt(): { readonly behaviour: StreamBehaviour; readonly isAffected: boolean } {
    const { stream, restarts } = this.#owner.script;
    const behaviour = (this.#hasBeenOpen ? restarts : stream) ?? { kind: 'ok' };
    const attempt = this.#hasBeenOpen ? (this.#restarts += 1) : (this.#attempts += 1);
    const times = 'times' in behaviour ? behaviour.times : undefined;
    return { behaviour, isAffected: attempt <= (times ?? Number.POSITIVE_INFINITY) };
  }

  #connect(request: StreamRequest): void {
    const { script, userId, listener } = this.#owner;
    const socket: MediaSocket = new MediaSocket({
      request,
      userId,
      start: this.#owner.startFields(),
      encoding: script.encoding,
      l16ByteOrder: script.l16ByteOrder,
      frameFaults: script.frames,
      networkDelayMs: script.networkDelayMs,
      listener: {
        ...listener,
        onOpen: (streamId) => this.#opened(streamId),
        onFailed: () => this.#failed(socket, request),
        onClosed: (closed) => this.#closed(socket, closed),
      },
    });
    this.#sockets.add(socket);
    this.#live = { socket, request, isOpen: false };
  }

  #opened(streamId: string): void {
    if (this.#live === undefined) return;
    this.#live.isOpen = true;
    this.#hasBeenOpen = true;
    this.#owner.publish('streaming.started', { stream_url: this.#live.request.url });
    this.#owner.listener.onOpen(streamId);
  }

  #failed(socket: MediaSocket, request: StreamRequest): void {
    this.#sockets.delete(socket);
    this.#detach(socket);
    this.#fail(request, 'connection_failed');
  }

  #closed(socket: MediaSocket, closed: StreamClosed): void {
    this.#sockets.delete(socket);
    this.#detach(socket);
    this.#owner.listener.onClosed(closed);
  }

  #detach(socket: MediaSocket): void {
    const live = this.#live;
    if (live === undefined || live.socket !== socket) return;
    this.#live = undefined;
    if (!live.isOpen) return;
    this.#owner.publish('streaming.stopped', { stream_url: live.request.url });
    this.#owner.onDetached();
  }

  #fail(request: StreamRequest, reason: string): void {
    this.#owner.publish('streaming.failed', {
      failure_reason: reason,
      stream_id: randomUUID(),
      stream_params: { stream_url: request.url, track: request.track },
      stream_type: 'websocket',
    });
    this.#owner.onFailed(reason);
  }
}
