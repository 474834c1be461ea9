// How the AI behaves in a call, as the API shows it: as a schema.

import { z } from 'zod';
import { BUILT_IN_TOOLS, TOOL_METHODS } from '../../calls/behaviour';
import { count, texts } from './answer-fields';

/** The kinds of turn detection as the API shows them, by their names in the document. */
export function shownTurnDetection() {
  return {
    ShownServerVad: z.strictObject({
      type: z.literal('server-vad'),
      threshold: z.number(),
      prefixPaddingMs: count,
      silenceMs: count,
    }),
    ShownSemanticVad: z.strictObject({
      type: z.literal('semantic-vad'),
      eagerness: z.enum(['low', 'medium', 'high', 'auto']),
    }),
  };
}

/** Makes the schema. */
export function behaviour({ ShownServerVad, ShownSemanticVad }: ReturnType<typeof shownTurnDetection>) {
  return z
    .strictObject({
      opening: z.enum(['greet', 'wait-for-hello', 'silent']),
      helloTimeoutMs: count,
      protectGreeting: z.boolean(),
      answeringMachine: z.enum(['off', 'hang-up', 'leave-message', 'ignore']),
      voicemailMessage: z.string().nullable(),
      turnDetection: z.discriminatedUnion('type', [ShownServerVad, ShownSemanticVad]),
      noiseReduction: z.enum(['near-field', 'far-field', 'off']),
      bargeInHoldMs: count,
      silenceNudgeSeconds: count,
      silenceGoodbyeSeconds: count,
      builtInTools: z.array(z.enum(BUILT_IN_TOOLS)),
      tools: z.array(shownTool()),
      transferTargets: z.array(
        z.strictObject({ name: z.string(), to: z.string(), description: z.string().optional() }),
      ),
    })
    .describe('As asked for, and by the settings where the request left it open.');
}

function shownTool() {
  return z.strictObject({
    name: z.string(),
    description: z.string(),
    parameters: z.record(z.string(), z.unknown()),
    url: z.string(),
    method: z.enum(TOOL_METHODS),
    headers: texts.describe('Values are shown as `***`.'),
    timeoutMs: count,
    filler: z.string().optional(),
    whileRunning: z.enum(['talk', 'wait']),
  });
}
