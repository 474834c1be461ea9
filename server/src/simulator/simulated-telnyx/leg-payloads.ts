/** The payloads of a leg's webhooks, field by field as Telnyx sends them. */
import type { DialBody } from './api-schemas';
import type { Hangup } from './hangup';
import { FRAME_MS, timestamp } from './timing';

/** Made-up rates of what is billed apart, US dollars a minute. */
const RATES_USD = { 'sip-trunking': 0.005, 'call-control': 0.002, 'call-recording': 0.0019 } as const;

/** What every answered call is billed for. */
const PARTS = ['sip-trunking', 'call-control'] as const;

/** Events that name no parties. */
const WITHOUT_PARTIES: ReadonlySet<string> = new Set(['call.cost', 'call.recording.saved']);

/** The facts of a leg that its webhooks repeat. */
export type LegFacts = {
  readonly carrierCallId: string;
  readonly legId: string;
  readonly sessionId: string;
  readonly to: string;
  readonly from: string;
  readonly clientState: string | undefined;
  readonly dialBody: DialBody;
  readonly startedAtMs: number;
  readonly answeredAtMs: number | undefined;
};

/** The names by which Telnyx's API knows a leg. */
export function legIds(leg: LegFacts): { call_control_id: string; call_leg_id: string; call_session_id: string } {
  return { call_control_id: leg.carrierCallId, call_leg_id: leg.legId, call_session_id: leg.sessionId };
}

/** What every payload has; most name the parties, too. */
export function commonPayload(leg: LegFacts, eventType: string): object {
  return {
    ...legIds(leg),
    connection_id: leg.dialBody.connection_id,
    client_state: leg.clientState ?? null,
    ...(WITHOUT_PARTIES.has(eventType) ? {} : { from: leg.from, to: leg.to }),
  };
}

/** The fields of a media stream's start frame that come from the call. */
export function startFields(leg: LegFacts): Readonly<Record<string, unknown>> {
  return {
    call_control_id: leg.carrierCallId,
    call_session_id: leg.sessionId,
    from: leg.from,
    to: leg.to,
    tags: [],
    ...(leg.clientState === undefined ? {} : { client_state: leg.clientState }),
  };
}

/** Extra fields of call.initiated. */
export function initiatedFields(leg: LegFacts): object {
  return {
    direction: 'outgoing',
    state: 'bridging',
    start_time: timestamp(leg.startedAtMs),
    caller_id_name: leg.dialBody.from_display_name ?? leg.from,
    calling_party_type: 'pstn',
    connection_codecs: 'PCMU,PCMA',
    offered_codecs: 'PCMU,PCMA',
    custom_headers: leg.dialBody.custom_headers ?? [],
    tags: [],
  };
}

/** Extra fields of call.answered. */
export function answeredFields(leg: LegFacts): object {
  return {
    state: 'answered',
    start_time: timestamp(leg.startedAtMs),
    codec: 'PCMU',
    sampling_rate: 8000,
    calling_party_type: 'pstn',
    custom_headers: leg.dialBody.custom_headers ?? [],
    tags: [],
  };
}

/** Extra fields of call.hangup. */
export function hangupFields(leg: LegFacts, hangup: Hangup, endedAtMs: number): object {
  return {
    state: 'hangup',
    hangup_cause: hangup.cause,
    hangup_source: hangup.source,
    sip_hangup_cause: hangup.sipCode,
    start_time: timestamp(leg.startedAtMs),
    end_time: timestamp(endedAtMs),
    call_quality_stats: leg.answeredAtMs === undefined ? null : qualityStats(endedAtMs - leg.answeredAtMs),
    tags: [],
  };
}

/** Extra fields of call.recording.saved. */
export function recordingFields(leg: LegFacts, endedAtMs: number): object {
  const format = leg.dialBody.record_format ?? 'mp3';
  const urls = { [format]: `https://recordings.example.com/${leg.legId}.${format}` };
  return {
    channels: leg.dialBody.record_channels ?? 'dual',
    format,
    recording_started_at: timestamp(leg.answeredAtMs),
    recording_ended_at: timestamp(endedAtMs),
    recording_urls: urls,
    public_recording_urls: {},
  };
}

/** Extra fields of call.cost: whole minutes at made-up rates, in parts as the bill has them. */
export function costFields(leg: LegFacts, endedAtMs: number): object {
  const answeredMs = leg.answeredAtMs === undefined ? 0 : endedAtMs - leg.answeredAtMs;
  const billedSecs = Math.ceil(answeredMs / 60_000) * 60;
  const parts = leg.dialBody.record === undefined ? PARTS : [...PARTS, 'call-recording' as const];
  const costs = parts.map((part) => ({ part, usd: (billedSecs / 60) * RATES_USD[part] }));
  return {
    status: 'success',
    total_cost: costs.reduce((sum, { usd }) => sum + usd, 0).toFixed(4),
    billed_duration_secs: billedSecs,
    billing_group_id: leg.dialBody.billing_group_id ?? null,
    cost_parts: costs.map(({ part, usd }) => ({
      call_part: part,
      cost: usd.toFixed(4),
      currency: 'USD',
      rate: RATES_USD[part].toFixed(5),
      billed_duration_secs: billedSecs,
    })),
    occurred_at: timestamp(endedAtMs),
  };
}

function qualityStats(answeredMs: number): object {
  const packets = String(Math.round(answeredMs / FRAME_MS));
  return {
    inbound: {
      jitter_max_variance: '0.00',
      jitter_packet_count: '0',
      mos: '4.50',
      packet_count: packets,
      skip_packet_count: '0',
    },
    outbound: { packet_count: packets, skip_packet_count: '0' },
  };
}
