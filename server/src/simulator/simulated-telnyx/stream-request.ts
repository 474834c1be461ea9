/** What a dial or a streaming_start asks of the media stream, in the simulator's own words. */
import type { DialBody, StreamingStartBody } from './api-schemas';
import type { LineEncoding } from './phone-script';

/** A request to open a media stream. */
export type StreamRequest = {
  readonly url: string;
  readonly authToken: string | undefined;
  readonly track: 'inbound_track' | 'both_tracks';
  /** Codec of the caller's frames, as asked for. */
  readonly inboundEncoding: LineEncoding;
  /** Codec of the frames that the server promised to send. */
  readonly outboundEncoding: LineEncoding;
  readonly sampleRateHz: number;
  readonly customParameters: Readonly<Record<string, string>>;
};

/** Reads the stream fields of a validated body; undefined if it asks for no stream. */
export function streamRequest(body: DialBody | StreamingStartBody): StreamRequest | undefined {
  if (body.stream_url === undefined) return undefined;
  const parameters = 'custom_parameters' in body ? (body.custom_parameters ?? []) : [];
  return {
    url: body.stream_url,
    authToken: body.stream_auth_token,
    track: body.stream_track === 'both_tracks' ? 'both_tracks' : 'inbound_track',
    inboundEncoding: simulatedEncoding(body.stream_codec),
    outboundEncoding: simulatedEncoding(body.stream_bidirectional_codec),
    sampleRateHz: body.stream_bidirectional_sampling_rate ?? 8000,
    customParameters: Object.fromEntries(parameters.map(({ name, value }) => [name, value])),
  };
}

function simulatedEncoding(codec: string | undefined): LineEncoding {
  // The schema refuses what is not simulated; "default" is the call's own codec, which is PCMU here.
  return codec === 'PCMA' || codec === 'L16' ? codec : 'PCMU';
}
