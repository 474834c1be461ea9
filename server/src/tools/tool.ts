// What a tool is: a function that the speech model may call, with all that the runner has to know about it. It knows
// nothing of the line it is used on.

import { z } from 'zod';
import type { WhileRunning } from '../calls/behaviour';
import { AppError } from '../calls/errors';

/** A JSON Schema whose type is `object`. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What is said while a tool takes its time: the AI's own words, given ones, or nothing. */
export type Filler = 'own-words' | 'none' | { readonly words: string };

/** One use of a tool, as its handler sees it. */
export type ToolContext = {
  readonly toolCallId: string;
  readonly responseId: string;
  /** Aborted when the time is up or the line is closed: nobody waits for the result any more. */
  readonly signal: AbortSignal;
};

/** A function that the model may call. */
export interface Tool {
  readonly name: string;
  /** For the model: what it does and when to use it. */
  readonly description: string;
  /** Checks the arguments. */
  readonly parameters: z.ZodType;
  /** The arguments as the model is told of them. */
  readonly jsonSchema: JsonSchema;
  readonly timeoutMs: number;
  readonly whileRunning: WhileRunning;
  readonly filler: Filler;
  /** False when the AI is not to speak about a success; it always learns of a failure and speaks about that. */
  readonly resultIsSpoken: boolean;
  /** `args` have passed `parameters`. Throws ToolFailure for what the model is to know. */
  run(args: unknown, context: ToolContext): Promise<unknown>;
}

/** A tool as it is written down, with its handler's arguments typed by the schema. */
export type ToolDefinition<Schema extends z.ZodType> = Pick<Tool, 'name' | 'description'> &
  Partial<Pick<Tool, 'jsonSchema' | 'timeoutMs' | 'whileRunning' | 'filler' | 'resultIsSpoken'>> & {
    readonly parameters: Schema;
    readonly run: (args: z.output<Schema>, context: ToolContext) => Promise<unknown>;
  };

/** How long a tool may take when nothing is said: nobody stays on a silent line for longer. */
export const DEFAULT_TOOL_TIMEOUT_MS = 10_000;

/** Makes a tool; without other word it has 10 s, the callee may talk meanwhile, and the AI speaks about its result. */
export function defineTool<Schema extends z.ZodType>(definition: ToolDefinition<Schema>): Tool {
  const { parameters, run } = definition;
  return {
    name: definition.name,
    description: definition.description,
    parameters,
    jsonSchema: definition.jsonSchema ?? jsonSchemaOf(parameters),
    timeoutMs: definition.timeoutMs ?? DEFAULT_TOOL_TIMEOUT_MS,
    whileRunning: definition.whileRunning ?? 'talk',
    filler: definition.filler ?? 'own-words',
    resultIsSpoken: definition.resultIsSpoken ?? true,
    // The runner passes on what the schema returned and nothing else. What a handler throws at once is a rejection, too.
    run: async (args, context) => run(args as z.output<Schema>, context),
  };
}

/** A tool could not do what was asked; the message and the details are meant for the model. */
export class ToolFailure extends AppError {
  readonly code = 'TOOL_FAILED';
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    message: string,
    options: { readonly details?: Readonly<Record<string, unknown>>; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.details = options.details ?? {};
  }
}

function jsonSchemaOf(parameters: z.ZodType): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(parameters, { io: 'input' });
  if (schema.type !== 'object') throw new TypeError('The parameters of a tool must be an object.');
  return schema;
}
