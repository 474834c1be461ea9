// The carrier's side of the server, composed: commands and webhooks, and the door for its media streams.

import type { CallService } from '../calls/call-service';
import type { Clock, Logger } from '../calls/ports';
import { framePosition } from '../carriers/telnyx/frame-position';
import { L16ByteOrder } from '../carriers/telnyx/l16-byte-order';
import { announcedStream } from '../carriers/telnyx/stream-announcement';
import { STREAM_TOKEN_HEADER } from '../carriers/telnyx/stream-frames';
import { TelnyxCarrier } from '../carriers/telnyx/telnyx-carrier';
import { TelnyxWebhooks } from '../carriers/telnyx/telnyx-webhooks';
import type { Config } from '../config/config';
import { WEBHOOK_PATH } from '../http/http-app';
import { MediaGateway } from '../media/stream/media-gateway';
import { requestedFormat } from '../media/stream/stream-format';
import { StreamTokens } from '../media/stream/stream-tokens';
import type { ServerMetrics } from '../observability/server-metrics';
import { withCallId } from './call-logger';
import type { Connections } from './connections';

/** What speaks with the carrier. */
export type Telephony = {
  readonly carrier: TelnyxCarrier;
  readonly webhooks: TelnyxWebhooks;
  /** With which streams prove which call they belong to. */
  readonly tokens: StreamTokens;
};

/** The carrier by these settings. */
export function telephony({ telnyx, http }: Config, clock: Clock): Telephony {
  const codec = telnyx.streamCodec;
  const stream = { codec, sampleRateHz: requestedFormat(codec).sampleRateHz };
  const webhookUrl = `${http.publicUrl}${WEBHOOK_PATH}`;
  return {
    carrier: new TelnyxCarrier({ ...telnyx, stream, webhookUrl }, clock),
    webhooks: new TelnyxWebhooks(telnyx.publicKey, clock),
    tokens: new StreamTokens(http.publicUrl, clock),
  };
}

/** What the door for streams works with. */
export type StreamDoorParts = {
  readonly tokens: StreamTokens;
  readonly calls: Pick<CallService, 'attachStream'>;
  readonly connections: Pick<Connections, 'trust'>;
  readonly metrics: Pick<ServerMetrics, 'frames' | 'onStreamRefused'>;
  readonly clock: Clock;
  readonly log: Logger;
};

/** The door for media streams. */
export function streamDoor({ telnyx }: Config, parts: StreamDoorParts): MediaGateway {
  const { tokens, calls, connections, metrics, clock, log } = parts;
  // What one stream tells of it, the next ones know.
  const l16ByteOrder = new L16ByteOrder(telnyx.l16ByteOrder);
  return new MediaGateway({
    tokens,
    tokenHeader: STREAM_TOKEN_HEADER,
    announced: async (socket, callId) => {
      const deps = { clock, log: withCallId(log, callId), codec: telnyx.streamCodec, l16ByteOrder };
      const announced = await announcedStream(socket, deps);
      if (announced) metrics.frames.watch(socket, framePosition(announced.stream));
      return announced;
    },
    attach: (callId, announced) => calls.attachStream(callId, announced),
    onRefused: (why) => metrics.onStreamRefused(why),
    onTrusted: (socket) => connections.trust(socket),
    clock,
    log,
  });
}
