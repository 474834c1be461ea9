// From the body of a create request to the call that it asks for: defaults filled in, and what no single field can tell
// checked.

import type { CallBehaviour } from '../calls/behaviour';
import type { CallRequest } from '../calls/call';
import { secretNames } from '../calls/tool-schema';
import type { UrlGuard } from '../lib/url-guard';
import { behaviourOf } from './behaviour-schema';
import type { DestinationPolicy } from './destination';
import { type FieldError, ProblemError } from './problem';
import type { CreateCallBody } from './schemas';
import { refusedUrls } from './url-fields';

/** What calls have when a request leaves it open. */
export type CallDefaults = {
  readonly from: string;
  readonly voice: string;
  readonly behaviour: CallBehaviour;
  readonly statusCallbackUrl?: string | undefined;
  readonly maxCostUsd?: number | undefined;
  readonly isRecorded: boolean;
};

/** What the tools of requests may do with the TOOL_ variables. */
export type ToolSecrets = {
  /** Of those that are set. */
  readonly names: readonly string[];
  /** Where they may be sent. */
  readonly hosts: readonly string[];
  /** True where http will do. */
  readonly mayGoInClear: boolean;
};

/** What a request is completed with and held against. */
export type CreateCallDeps = {
  readonly destinations: DestinationPolicy;
  readonly defaults: CallDefaults;
  readonly toolSecrets: ToolSecrets;
  /** Decides which addresses may be called. */
  readonly urlGuard: Pick<UrlGuard, 'check'>;
};

/** A body, and the name of the API key that it came with. */
export type GivenCall = { readonly body: CreateCallBody; readonly placedBy: string | undefined };

/** The call that a body asks for. @throws ProblemError */
export function toCallRequest({ body, placedBy }: GivenCall, deps: CreateCallDeps): CallRequest {
  const { destinations, defaults } = deps;
  const behaviour = behaviourOf(body, defaults.behaviour);
  const errors = [
    ...contradictions(body, behaviour),
    ...misusedSecrets(body, deps.toolSecrets),
    ...refusedUrls(body, deps.urlGuard),
  ];
  if (errors.length > 0) throw new ProblemError('VALIDATION_FAILED', errors);
  const { to, from = defaults.from } = body;
  destinations.check(to, from);
  for (const [index, target] of (body.transferTargets ?? []).entries()) {
    destinations.checkTransfer(target.to, from, `transferTargets.${index}.to`);
  }
  return {
    to,
    from,
    instructions: body.instructions,
    voice: body.voice ?? defaults.voice,
    greeting: body.greeting,
    maxDurationSeconds: body.maxDurationSeconds,
    behaviour,
    metadata: body.metadata,
    statusCallbackUrl: body.statusCallbackUrl ?? defaults.statusCallbackUrl,
    maxCostUsd: body.maxCostUsd ?? defaults.maxCostUsd,
    isRecorded: body.record ?? defaults.isRecorded,
    placedBy,
  };
}

/** Fields that mean nothing beside what else was given, or is the default. */
function contradictions(body: CreateCallBody, behaviour: CallBehaviour): FieldError[] {
  const errors: FieldError[] = [];
  if (body.voicemailMessage !== undefined && behaviour.answeringMachine !== 'leave-message') {
    errors.push({ field: 'voicemailMessage', message: 'needs answeringMachine leave-message' });
  }
  if (body.greeting !== undefined && behaviour.opening === 'silent') {
    errors.push({ field: 'greeting', message: 'needs another opening than silent: greet or wait-for-hello' });
  }
  return errors;
}

/** Whoever may place calls must not learn the operator's secrets by having them sent to a server of their own. */
function misusedSecrets({ tools = [] }: CreateCallBody, secrets: ToolSecrets): FieldError[] {
  return tools.flatMap((tool, index): FieldError[] => {
    const named = secretNames(tool);
    if (named.length === 0) return [];
    const missing = named.filter((name) => !secrets.names.includes(name));
    return [
      ...missing.map((name) => ({
        field: `tools.${index}.headers`,
        message: `${name} is not set in the server's environment`,
      })),
      ...placeProblems(new URL(tool.url), secrets).map((message) => ({ field: `tools.${index}.url`, message })),
    ];
  });
}

/** What keeps a secret from being sent there. */
function placeProblems({ hostname, protocol }: URL, { hosts, mayGoInClear }: ToolSecrets): string[] {
  if (!hosts.includes(hostname)) return ['must be at a host of TOOL_SECRET_HOSTS, as its headers name a secret'];
  return protocol === 'https:' || mayGoInClear ? [] : ['must be https, as its headers name a secret'];
}
