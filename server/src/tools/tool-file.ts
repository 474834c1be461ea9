// The tools that every call has, from a file of the operator: read once, at the start, and refused as a whole when
// anything in it is wrong.

import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import type { HttpToolDefinition } from '../calls/behaviour';
import { httpToolSchema, MAX_TOOLS } from '../calls/tool-schema';

/** Reads a JSON array of tools. @throws Error whose message lists every problem, with its place */
export function readToolFile(path: string): HttpToolDefinition[] {
  const entries = readList(path);
  const tools: HttpToolDefinition[] = [];
  const problems = entries.length > MAX_TOOLS ? [`may have ${MAX_TOOLS} tools, and has ${entries.length}`] : [];
  for (const [index, entry] of entries.entries()) {
    const result = httpToolSchema.safeParse(entry);
    if (!result.success) problems.push(...problemsOf(result.error, `[${index}]`));
    else if (tools.some(({ name }) => name === result.data.name)) {
      problems.push(`[${index}].name: is the name of another tool, too: "${result.data.name}"`);
    } else tools.push(result.data);
  }
  if (problems.length > 0) throw refusal(path, problems);
  return tools;
}

function readList(path: string): readonly unknown[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw refusal(path, ['cannot be read: check the path and the permissions'], error);
  }
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list)) return list;
  } catch (error) {
    // The parser's own words quote the file, in which there may be secrets.
    throw refusal(path, [`is not valid JSON${placeOf(error)}`]);
  }
  throw refusal(path, ['must be a JSON array of tools']);
}

/** Where the parser stopped, when it says so. */
function placeOf(error: unknown): string {
  const [place = ''] = /\b(?:at position \d+|Unexpected end\b)/.exec(String(error)) ?? [];
  return place === '' ? '' : `: ${place.startsWith('at') ? `wrong ${place}` : 'it ends too early'}`;
}

function refusal(path: string, problems: readonly string[], cause?: unknown): Error {
  return new Error(`The tools file ${path} cannot be used:\n${problems.map((line) => `  ${line}`).join('\n')}`, {
    cause,
  });
}

function problemsOf(error: z.ZodError, place: string): string[] {
  return error.issues.flatMap((issue) => {
    const at = [place, ...issue.path.map(String)].join('.');
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${at}.${key}: is not a known field`);
    // What is wrong with a key of a record stands one level deeper.
    const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
    return [`${at}: ${message}`];
  });
}
