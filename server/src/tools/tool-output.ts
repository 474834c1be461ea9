// What the model is told about a use of a tool: a JSON text that always has a `status`, since a model that cannot tell
// whether something worked tries it again; and never a long one, since it is paid for with each later response.

import type { z } from 'zod';
import type { Tool, ToolFailure } from './tool';

/** Most characters that the model is told about one use of a tool. */
export const MAX_OUTPUT_CHARACTERS = 16_000;

const CUT_NOTE = 'The result was too long: only its beginning is here, as text.';

/** Why a use of a tool came to nothing. */
export type FailureReason = 'unknown-tool' | 'bad-arguments' | 'too-many-calls' | 'timeout' | 'failed' | 'internal';

/** The output of a success. @throws TypeError for what cannot be written as JSON */
export function successOutput(result: unknown = null): string {
  const output = JSON.stringify({ status: 'ok', result });
  if (output.length <= MAX_OUTPUT_CHARACTERS) return output;
  const text = typeof result === 'string' ? result : JSON.stringify(result);
  return longestFitting(text, (start) => JSON.stringify({ status: 'ok', isCut: true, note: CUT_NOTE, result: start }));
}

/** The output of a failure. */
export function failureOutput(reason: FailureReason, message: string): string {
  return longestFitting(message, (start) => JSON.stringify({ status: 'error', reason, message: start }));
}

/** The output of a failure that the tool itself explains. */
export function toolFailureOutput({ message, details }: ToolFailure): string {
  const hasDetails = Object.keys(details).length > 0;
  const output = JSON.stringify({ status: 'error', reason: 'failed', message, ...(hasDetails && { details }) });
  return output.length <= MAX_OUTPUT_CHARACTERS ? output : failureOutput('failed', message);
}

/** Arguments that have passed the tool's schema, or what is wrong with them. */
export type ParsedArguments =
  { readonly isValid: true; readonly args: unknown } | { readonly isValid: false; readonly problem: string };

/** Reads what the model wrote; never throws. */
export function parseArguments(tool: Tool, argumentsJson: string): ParsedArguments {
  let json: unknown;
  try {
    // A model that has nothing to say may leave out the braces.
    json = argumentsJson.trim() === '' ? {} : JSON.parse(argumentsJson);
  } catch {
    // The parser's own words quote the text and help nobody.
    return { isValid: false, problem: 'The arguments are not valid JSON.' };
  }
  try {
    const parsed = tool.parameters.safeParse(json);
    if (parsed.success) return { isValid: true, args: parsed.data };
    return { isValid: false, problem: `The arguments are wrong: ${problemsOf(parsed.error)}` };
  } catch {
    // Nested so deeply that the stack does not suffice.
    return { isValid: false, problem: 'The arguments cannot be checked.' };
  }
}

function problemsOf(error: z.ZodError): string {
  return error.issues.map(({ path, message }) => `${path.map(String).join('.') || 'arguments'}: ${message}`).join('; ');
}

/** The text that `write` makes of as much of `text` as fits; each character counts one to six in JSON. */
function longestFitting(text: string, write: (start: string) => string): string {
  let fits = 0;
  let tooLong = text.length + 1;
  while (tooLong - fits > 1) {
    const middle = Math.floor((fits + tooLong) / 2);
    if (write(text.slice(0, middle)).length <= MAX_OUTPUT_CHARACTERS) fits = middle;
    else tooLong = middle;
  }
  return write(text.slice(0, isHighSurrogate(text, fits) ? fits - 1 : fits));
}

/** Whether a cut at `end` would split a character of two units. */
function isHighSurrogate(text: string, end: number): boolean {
  const unit = end > 0 && end < text.length ? text.charCodeAt(end - 1) : 0;
  return unit >= 0xd800 && unit <= 0xdbff;
}
