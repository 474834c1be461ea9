/**
 * The request bodies of the simulated API. Deliberately stricter than Telnyx, which ignores unknown keys, generates a
 * missing command_id and defaults to mp3 mode and the opposite leg: each of these is a mistake in a voice bridge
 * (a typo without effect, a second phone call after a retry, a silent call), so here each is refused.
 */
import { z } from 'zod';

const CLIENT_STATE = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const E164 = /^\+[1-9]\d{6,14}$/;
const SIP_URI = /^sips?:[^\s@,]+@[^\s@,]+$/;
const DIGITS = /^[0-9A-D*#wW]+$/;

const e164 = z.string().refine((text) => E164.test(text), {
  message: 'Phone number must be in +E164 format',
  params: { telnyxCode: '10016' },
});

const destination = z.string().refine((text) => E164.test(text) || SIP_URI.test(text), {
  message: 'Destination must be a phone number in +E164 format or a SIP URI',
  params: { telnyxCode: '10016' },
});

const clientState = z
  .string()
  .refine((text) => CLIENT_STATE.test(text), {
    message: 'Value must be base64 encoded',
    params: { telnyxCode: '90017' },
  })
  .optional();

const commandId = z.string().min(1).max(255);
const command = { client_state: clientState, command_id: commandId };
const httpUrl = z.url({ protocol: /^https?$/ });
const sipHeaders = z.array(z.strictObject({ name: z.string().min(1), value: z.string() }));
const millis = z.int().positive().optional();

const stream = {
  stream_url: z.url({ protocol: /^wss?$/ }).optional(),
  stream_track: z.enum(['inbound_track', 'outbound_track', 'both_tracks']).optional(),
  stream_codec: z.enum(['PCMU', 'PCMA', 'G722', 'OPUS', 'AMR-WB', 'L16', 'default']).optional(),
  stream_bidirectional_mode: z.enum(['mp3', 'rtp']).optional(),
  stream_bidirectional_codec: z.enum(['PCMU', 'PCMA', 'G722', 'OPUS', 'AMR-WB', 'L16']).optional(),
  stream_bidirectional_sampling_rate: z.literal([8000, 16000, 22050, 24000, 48000]).optional(),
  stream_bidirectional_target_legs: z.enum(['both', 'self', 'opposite']).optional(),
  stream_auth_token: z.string().min(1).max(4000).optional(),
};

const machineDetection = z.strictObject({
  after_greeting_silence_millis: millis,
  between_words_silence_millis: millis,
  greeting_duration_millis: millis,
  greeting_silence_duration_millis: millis,
  greeting_total_analysis_time_millis: millis,
  initial_silence_millis: millis,
  maximum_number_of_words: z.int().positive().optional(),
  maximum_word_length_millis: millis,
  silence_threshold: z.int().nonnegative().optional(),
  total_analysis_time_millis: millis,
});

const recording = {
  record: z.literal('record-from-answer').optional(),
  record_channels: z.enum(['single', 'dual']).optional(),
  record_custom_file_name: z.string().min(1).max(40).optional(),
  record_format: z.enum(['wav', 'mp3']).optional(),
  record_max_length: z.int().min(0).max(43_200).optional(),
  record_timeout_secs: z.int().min(0).optional(),
  record_track: z.enum(['both', 'inbound', 'outbound']).optional(),
  record_trim: z.literal('trim-silence').optional(),
};

const retriesPolicy = z.strictObject({ retries_ms: z.array(z.int().nonnegative()).max(5) });

/** Fields of every command that places a call. */
const newLeg = {
  ...recording,
  from_display_name: z.string().max(128).optional(),
  privacy: z.enum(['id', 'none']).optional(),
  webhook_url_method: z.literal('POST').optional(),
  webhook_urls: z.record(z.string(), httpUrl).optional(),
  webhook_urls_method: z.literal('POST').optional(),
  webhook_retries_policies: z.record(z.string(), retriesPolicy).optional(),
  timeout_secs: seconds({ min: 5, max: 600, telnyxCode: '90028' }),
  time_limit_secs: seconds({ min: 30, max: 14_400, telnyxCode: '90029' }),
  answering_machine_detection: z
    .enum(['premium', 'detect', 'detect_beep', 'detect_words', 'greeting_end', 'disabled'])
    .optional(),
  answering_machine_detection_config: machineDetection.optional(),
  custom_headers: sipHeaders.optional(),
  sip_headers: z.array(z.strictObject({ name: z.literal('User-to-User'), value: z.string() })).optional(),
  sip_region: z.enum(['US', 'Europe', 'Canada', 'Australia', 'Middle East']).optional(),
  preferred_codecs: z.string().optional(),
  send_digits_on_answer: z.string().max(64).regex(DIGITS).optional(),
};

/** Body of `POST /calls`. */
export const dialBody = z
  .strictObject({
    ...stream,
    ...newLeg,
    connection_id: z.string().min(1),
    from: e164,
    to: e164,
    command_id: commandId,
    client_state: clientState,
    webhook_url: httpUrl,
    retry_on_timeout: z.boolean().optional(),
    send_silence_when_idle: z.boolean().optional(),
    // Opening the socket before the call is placed is not simulated, so only the default is accepted.
    stream_establish_before_call_originate: z.literal(false).optional(),
    billing_group_id: z.uuid().optional(),
  })
  .superRefine((body, context) => checkStream(body, context));

/** Body of the streaming_start action. */
export const streamingStartBody = z
  .strictObject({
    ...stream,
    ...command,
    stream_url: z.url({ protocol: /^wss?$/ }),
    custom_parameters: z.array(z.strictObject({ name: z.string().min(1), value: z.string() })).optional(),
    enable_dialogflow: z.literal(false).optional(),
  })
  .superRefine((body, context) => checkStream(body, context));

/** Body of the streaming_stop action. */
export const streamingStopBody = z.strictObject({ ...command, stream_id: z.uuid().optional() });

/** Body of the hangup action. */
export const hangupBody = z.strictObject({ ...command, custom_headers: sipHeaders.optional() });

/** Body of the speak action. */
export const speakBody = z.strictObject({
  ...command,
  payload: z.string().min(1).max(3000),
  voice: z.string().min(1),
  language: z.string().min(2).optional(),
  payload_type: z.enum(['text', 'ssml']).optional(),
  service_level: z.enum(['basic', 'premium']).optional(),
  stop: z.enum(['current', 'all']).optional(),
  target_legs: z.enum(['self', 'both']).optional(),
});

/** Body of the send_dtmf action. */
export const sendDtmfBody = z.strictObject({
  ...command,
  digits: z.string().regex(DIGITS),
  duration_millis: z.int().min(100).max(500).optional(),
});

/**
 * Body of the transfer action. What would be played to the new party before the bridging (`audio_url`, `media_name`)
 * and `sound_modifications` are not simulated, and refused as unknown.
 */
export const transferBody = z
  .strictObject({
    ...command,
    ...newLeg,
    to: destination,
    from: e164.optional(),
    target_leg_client_state: clientState,
    webhook_url: httpUrl.optional(),
    early_media: z.boolean().optional(),
    park_after_unbridge: z.literal('self').optional(),
    mute_dtmf: z.enum(['none', 'both', 'self', 'opposite']).optional(),
    media_encryption: z.enum(['disabled', 'SRTP', 'DTLS']).optional(),
    sip_auth_username: z.string().min(1).optional(),
    sip_auth_password: z.string().min(1).optional(),
    sip_transport_protocol: z.enum(['UDP', 'TCP', 'TLS']).optional(),
  })
  .refine(({ to, media_encryption: encryption = 'disabled' }) => encryption === 'disabled' || !E164.test(to), {
    path: ['media_encryption'],
    message: 'SRTP not supported for PSTN calls',
    params: { telnyxCode: '10011' },
  });

/** A valid dial. */
export type DialBody = z.infer<typeof dialBody>;

/** A valid transfer. */
export type TransferBody = z.infer<typeof transferBody>;

/** A valid streaming_start. */
export type StreamingStartBody = z.infer<typeof streamingStartBody>;

type StreamFields = z.infer<z.ZodObject<typeof stream>>;

function seconds(range: { min: number; max: number; telnyxCode: string }): z.ZodOptional<z.ZodInt> {
  return z
    .int()
    .refine((value) => value >= range.min && value <= range.max, {
      message: `Value must be between ${range.min} and ${range.max}`,
      params: { telnyxCode: range.telnyxCode },
    })
    .optional();
}

function checkStream(body: StreamFields, context: z.RefinementCtx): void {
  if (body.stream_url === undefined) return;
  for (const [path, telnyxCode, message] of streamProblems(body)) {
    context.addIssue({ code: 'custom', path: [path], message, params: { telnyxCode } });
  }
}

function* streamProblems(body: StreamFields): Generator<[path: string, telnyxCode: string, message: string]> {
  if (body.stream_bidirectional_mode !== 'rtp') {
    yield ['stream_bidirectional_mode', '10032', 'Only rtp plays the audio that a bridge sends'];
  }
  if (body.stream_codec === undefined) yield ['stream_codec', '10004', 'Missing required parameter'];
  const codec = body.stream_bidirectional_codec;
  if (codec === undefined) yield ['stream_bidirectional_codec', '10004', 'Missing required parameter'];
  const legs = body.stream_bidirectional_target_legs;
  if (legs !== 'self' && legs !== 'both') {
    yield ['stream_bidirectional_target_legs', '10032', 'A call of one leg has no opposite leg to hear the audio'];
  }
  const rate = body.stream_bidirectional_sampling_rate;
  if (rate === undefined) yield ['stream_bidirectional_sampling_rate', '10004', 'Missing required parameter'];
  else if (codec !== 'L16' && rate !== 8000) yield ['stream_bidirectional_sampling_rate', '10032', 'G.711 is 8000 Hz'];
  else if (rate === 22050) yield ['stream_bidirectional_sampling_rate', '10032', 'Not simulated: 22050 Hz'];
  yield* unsimulatedProblems(body);
}

function* unsimulatedProblems(body: StreamFields): Generator<[path: string, telnyxCode: string, message: string]> {
  const simulated: readonly (string | undefined)[] = ['PCMU', 'PCMA', 'L16', 'default', undefined];
  for (const path of ['stream_codec', 'stream_bidirectional_codec'] as const) {
    if (!simulated.includes(body[path])) yield [path, '10032', `Not simulated: ${body[path]}`];
  }
  if (body.stream_track === 'outbound_track') yield ['stream_track', '10032', 'Not simulated: outbound_track'];
}
