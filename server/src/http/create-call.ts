// From the body of a create request to the call that it asks for: defaults filled in, and what no single field can tell
// checked.

import type { CallBehaviour } from '../calls/behaviour';
import type { CallRequest } from '../calls/call';
import { secretNames } from '../calls/tool-schema';
import { behaviourOf } from './behaviour-schema';
import type { DestinationPolicy } from './destination';
import { type FieldError, ProblemError } from './problem';
import type { CreateCallBody } from './schemas';

/** What calls have when a request leaves it open. */
export type CallDefaults = {
  readonly from: string;
  readonly voice: string;
  readonly behaviour: CallBehaviour;
  readonly statusCallbackUrl?: string | undefined;
  readonly maxCostUsd?: number | undefined;
  readonly isRecorded: boolean;
};

/** What a request is completed with and held against. */
export type CreateCallDeps = {
  readonly destinations: DestinationPolicy;
  readonly defaults: CallDefaults;
  /** Names of the TOOL_ variables that are set. */
  readonly toolSecretNames: readonly string[];
};

/** The call that a body asks for. @throws ProblemError */
export function toCallRequest(body: CreateCallBody, deps: CreateCallDeps): CallRequest {
  const { destinations, defaults } = deps;
  const behaviour = behaviourOf(body, defaults.behaviour);
  const errors = [...contradictions(body, behaviour), ...missingSecrets(body, deps.toolSecretNames)];
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

function missingSecrets({ tools = [] }: CreateCallBody, known: readonly string[]): FieldError[] {
  return tools.flatMap((tool, index) =>
    [...secretNames(tool)]
      .filter((name) => !known.includes(name))
      .map((name) => ({ field: `tools.${index}.headers`, message: `${name} is not set in the server's environment` })),
  );
}
