// The encodings that we ask Telnyx for. What it then sends is announced in `start` and may be another one.

/** Encoding of the stream, in Telnyx's words. */
export type StreamCodec = 'PCMU' | 'PCMA' | 'L16';

/** What is asked for, both ways. */
export type StreamFormat = {
  readonly codec: StreamCodec;
  /** Always said: L16 without it comes at a rate of Telnyx's choice. */
  readonly sampleRateHz: number;
};

/** The fields of every request for a stream, be it inside the dial or on its own. */
export function streamFields({ codec, sampleRateHz }: StreamFormat) {
  return {
    stream_track: 'inbound_track',
    stream_codec: codec,
    // The default, mp3, leaves the line silent.
    stream_bidirectional_mode: 'rtp',
    stream_bidirectional_codec: codec,
    stream_bidirectional_sampling_rate: sampleRateHz as 8000 | 16_000,
    // The default, opposite, has nobody to play to on a call with one leg.
    stream_bidirectional_target_legs: 'self',
  } as const;
}
