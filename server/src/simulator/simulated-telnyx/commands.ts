/**
 * The operations of the simulated API, without HTTP: each checks its body and gives back the effect, which is carried
 * out only if the request is neither a duplicate nor ordered to fail.
 */
import type { z } from 'zod';
import { invalidBody, refusals } from './api-error';
import {
  dialBody,
  hangupBody,
  sendDtmfBody,
  speakBody,
  streamingStartBody,
  streamingStopBody,
  transferBody,
} from './api-schemas';
import type { DialBody, TransferBody } from './api-schemas';
import { legIds } from './leg-payloads';
import type { SimulatedLeg } from './simulated-leg';
import { streamRequest } from './stream-request';
import { timestamp } from './timing';

/** What the operations need of the simulated account. */
export type Account = {
  readonly connectionId: string;
  readonly fromNumbers: readonly string[];
  readonly legs: readonly SimulatedLeg[];
  /** Makes a leg, which does not begin yet, in the session of `original` if it is dialled for that. */
  makeLeg(body: DialBody, original?: SimulatedLeg): SimulatedLeg;
};

/** What a carried-out command answers. */
export type Outcome = {
  readonly data: object;
  /** Set by a dial or a transfer: the leg that begins once the answer is out. */
  readonly newLeg?: SimulatedLeg;
};

/** A command whose body is in order. */
export type Command = {
  readonly commandId: string;
  /** Carries the command out, or throws the refusal that the state of the call demands. */
  readonly perform: () => Outcome;
};

type Action = (leg: SimulatedLeg, body: unknown, account: Account) => Command;

type TransferCommand = {
  readonly leg: SimulatedLeg;
  readonly body: TransferBody;
  readonly target: DialBody;
  readonly account: Account;
};

const OK: Outcome = { data: { result: 'ok' } };

/** Reads a dial. */
export function dial(account: Account, input: unknown): Command {
  const body = parse(dialBody, input);
  if (body.connection_id !== account.connectionId) throw refusals.invalidConnection();
  if (!account.fromNumbers.includes(body.from)) throw refusals.callerNotAllowed();
  if (body.from === body.to) throw refusals.sameNumbers();
  return {
    commandId: body.command_id,
    perform: () => {
      const leg = account.makeLeg(body);
      const recording = body.record === undefined ? {} : { recording_id: leg.legId };
      // Dialling is asynchronous, so the answer never calls the leg alive.
      return { newLeg: leg, data: { ...legIds(leg), is_alive: false, record_type: 'call', ...recording } };
    },
  };
}

/** The actions on a call by the last segment of their path. */
export const actions: Readonly<Record<string, Action>> = {
  hangup: (leg, input) => {
    const body = parse(hangupBody, input);
    return command(leg, body, () => leg.hangUpByCommand());
  },
  streaming_start: (leg, input) => {
    const body = parse(streamingStartBody, input);
    return command(leg, body, () => {
      requireAnswered(leg);
      const request = streamRequest(body);
      if (request !== undefined) leg.startStream(request);
    });
  },
  streaming_stop: (leg, input) => {
    const body = parse(streamingStopBody, input);
    return command(leg, body, () => {
      if (!leg.stopStream(body.stream_id)) throw refusals.notStreaming();
    });
  },
  speak: (leg, input) => {
    const body = parse(speakBody, input);
    return command(leg, body, () => {
      requireAnswered(leg);
      leg.speak(body.payload, { isReplacing: body.stop !== undefined });
    });
  },
  send_dtmf: (leg, input) => {
    const body = parse(sendDtmfBody, input);
    return command(leg, body, () => {
      requireAnswered(leg);
      leg.playDigits(body.digits);
    });
  },
  transfer: (leg, input, account) => {
    const body = parse(transferBody, input);
    const target = transferDial(leg, body);
    // The number of the party that is handed on may be shown, though it is not the account's.
    if (![...account.fromNumbers, leg.to].includes(target.from)) throw refusals.callerNotAllowed();
    if (target.from === target.to) throw refusals.sameNumbers();
    return { commandId: body.command_id, perform: () => transfer({ leg, body, target, account }) };
  },
};

/** The answer to `GET /calls/{id}`. */
export function callStatus(leg: SimulatedLeg): object {
  const isOver = leg.endedAtMs !== undefined;
  return {
    ...activeCall(leg),
    is_alive: !isOver,
    start_time: timestamp(leg.startedAtMs),
    ...(isOver ? { end_time: timestamp(leg.endedAtMs) } : {}),
  };
}

/** One entry of `GET /connections/{id}/active_calls`. */
export function activeCall(leg: SimulatedLeg): object {
  const endMs = leg.endedAtMs ?? Date.now();
  return {
    ...legIds(leg),
    record_type: 'call',
    client_state: leg.clientState ?? '',
    call_duration: Math.max(0, Math.round((endMs - leg.startedAtMs) / 1000)),
  };
}

function command(
  leg: SimulatedLeg,
  body: { readonly command_id: string; readonly client_state?: string | undefined },
  effect: () => void,
): Command {
  return {
    commandId: body.command_id,
    perform: () => {
      requireUp(leg);
      effect();
      leg.updateClientState(body.client_state);
      return OK;
    },
  };
}

function transfer({ leg, body, target, account }: TransferCommand): Outcome {
  requireUp(leg);
  requireAnswered(leg);
  if (leg.isInTransfer) throw refusals.transferInProgress();
  const newLeg = account.makeLeg(target, leg);
  leg.transferTo(newLeg, { isParkedAfter: body.park_after_unbridge !== undefined });
  leg.updateClientState(body.client_state);
  return { ...OK, newLeg };
}

function transferDial(leg: SimulatedLeg, body: TransferBody): DialBody {
  const { webhook_url: url, webhook_urls: urls, ...inherited } = leg.dialBody;
  return {
    ...body,
    connection_id: inherited.connection_id,
    from: body.from ?? leg.to,
    client_state: body.target_leg_client_state,
    webhook_url: body.webhook_url ?? url,
    // A url of the command's own stands against the original leg's urls for single events.
    webhook_urls: body.webhook_urls ?? (body.webhook_url === undefined ? urls : undefined),
    webhook_retries_policies: body.webhook_retries_policies ?? inherited.webhook_retries_policies,
  };
}

function requireUp(leg: SimulatedLeg): void {
  if (leg.state === 'ended') throw refusals.callEnded();
}

function requireAnswered(leg: SimulatedLeg): void {
  if (leg.state !== 'answered') throw refusals.notAnswered();
}

function parse<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw invalidBody(parsed.error, input);
  return parsed.data;
}
