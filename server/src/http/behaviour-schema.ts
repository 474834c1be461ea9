// What a request may say about how the AI is to behave; what it leaves open comes from the settings.

import { z } from 'zod';
import { BUILT_IN_TOOLS, type CallBehaviour, type TurnDetection } from '../calls/behaviour';
import { httpToolSchema, MAX_TOOLS } from '../calls/tool-schema';
import { namedList, nonEmptyText, oneOf, transferDestination, wholeNumber, yesOrNo } from './fields';

const MAX_VOICEMAIL_MESSAGE = 1_000;
const MAX_TARGETS = 20;
const MAX_TARGET_DESCRIPTION = 200;

/** Where server-vad starts from when the settings have the other kind; the same as without any settings. */
const SERVER_VAD = { type: 'server-vad', threshold: 0.5, prefixPaddingMs: 300, silenceMs: 500 } as const;

const TURN_DETECTION_FORM = 'must be an object whose type is server-vad or semantic-vad';

/** Turns that end with silence. */
export const serverVadSchema = z.strictObject({
  type: z.literal('server-vad'),
  threshold: z.number('must be a number').min(0, 'must be at least 0').max(1, 'must be at most 1').optional(),
  prefixPaddingMs: wholeNumber(0, 2_000).optional(),
  silenceMs: wholeNumber(100, 5_000).optional(),
});

/** Turns that end when the sense of what was said is complete. */
export const semanticVadSchema = z.strictObject({
  type: z.literal('semantic-vad'),
  eagerness: oneOf(['auto', 'low', 'medium', 'high']).optional(),
});

const turnDetection = z.discriminatedUnion('type', [serverVadSchema, semanticVadSchema], {
  error: TURN_DETECTION_FORM,
});

const transferTarget = z.strictObject(
  {
    name: z
      .string('must be a string')
      .regex(/^(?=.*\S)[\w -]{1,40}$/, 'must be 1 to 40 letters, digits, spaces, _ or -'),
    to: transferDestination,
    description: nonEmptyText(MAX_TARGET_DESCRIPTION).optional(),
  },
  { error: (issue) => (issue.code === 'invalid_type' ? 'must be an object' : undefined) },
);

/** Fields of POST /api/ai-calls/create that say how the AI is to behave. */
export const BEHAVIOUR_FIELDS = {
  opening: oneOf(['greet', 'wait-for-hello', 'silent']).optional(),
  helloTimeoutMs: wholeNumber(500, 30_000).optional(),
  protectGreeting: yesOrNo.optional(),
  answeringMachine: oneOf(['off', 'hang-up', 'leave-message', 'ignore']).optional(),
  voicemailMessage: nonEmptyText(MAX_VOICEMAIL_MESSAGE).optional(),
  turnDetection: turnDetection.optional(),
  noiseReduction: oneOf(['near-field', 'far-field', 'off']).optional(),
  bargeInHoldMs: wholeNumber(0, 1_000).optional(),
  silenceNudgeSeconds: wholeNumber(0, 300).optional(),
  silenceGoodbyeSeconds: wholeNumber(3, 300).optional(),
  builtInTools: z
    .array(oneOf(BUILT_IN_TOOLS), 'must be a list')
    .refine((names) => new Set(names).size === names.length, 'must not name a tool twice')
    .optional(),
  tools: namedList(httpToolSchema, MAX_TOOLS).optional(),
  transferTargets: namedList(transferTarget, MAX_TARGETS).optional(),
};

/** What a request says about the behaviour. */
export type GivenBehaviour = z.infer<z.ZodObject<typeof BEHAVIOUR_FIELDS>>;

/** The behaviour of a call: what was given, and the defaults for the rest. */
export function behaviourOf(given: GivenBehaviour, defaults: CallBehaviour): CallBehaviour {
  return {
    opening: given.opening ?? defaults.opening,
    helloTimeoutMs: given.helloTimeoutMs ?? defaults.helloTimeoutMs,
    protectGreeting: given.protectGreeting ?? defaults.protectGreeting,
    answeringMachine: given.answeringMachine ?? defaults.answeringMachine,
    voicemailMessage: given.voicemailMessage ?? defaults.voicemailMessage,
    turnDetection: turnDetectionOf(given.turnDetection, defaults.turnDetection),
    noiseReduction: given.noiseReduction ?? defaults.noiseReduction,
    bargeInHoldMs: given.bargeInHoldMs ?? defaults.bargeInHoldMs,
    silenceNudgeSeconds: given.silenceNudgeSeconds ?? defaults.silenceNudgeSeconds,
    silenceGoodbyeSeconds: given.silenceGoodbyeSeconds ?? defaults.silenceGoodbyeSeconds,
    builtInTools: given.builtInTools ?? defaults.builtInTools,
    tools: given.tools ?? defaults.tools,
    transferTargets: given.transferTargets ?? defaults.transferTargets,
  };
}

/** The settings speak of one kind of detection; the other one starts from its usual values. */
function turnDetectionOf(given: GivenBehaviour['turnDetection'], usual: TurnDetection): TurnDetection {
  if (!given) return usual;
  if (given.type === 'semantic-vad') {
    const eagerness = usual.type === 'semantic-vad' ? usual.eagerness : 'auto';
    return { type: 'semantic-vad', eagerness: given.eagerness ?? eagerness };
  }
  const base = usual.type === 'server-vad' ? usual : SERVER_VAD;
  return {
    type: 'server-vad',
    threshold: given.threshold ?? base.threshold,
    prefixPaddingMs: given.prefixPaddingMs ?? base.prefixPaddingMs,
    silenceMs: given.silenceMs ?? base.silenceMs,
  };
}
