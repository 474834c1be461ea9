// The schemas that have a name in the document. Those of answers are made when they are needed: they are many, and the
// server itself has no use for them.

import { httpToolSchema } from '../../calls/tool-schema';
import { semanticVadSchema, serverVadSchema } from '../behaviour-schema';
import { createCallSchema, digitsSchema, instructionsSchema, saySchema, transferSchema } from '../schemas';
import { callAnswers } from './call-answers';
import { type JsonSchema, jsonSchemas } from './json-schema';
import {
  CREATE_CALL_NOTES,
  DIGITS_NOTES,
  type FieldNote,
  INSTRUCTIONS_NOTES,
  KINDS,
  SAY_NOTES,
  SEMANTIC_VAD_NOTES,
  SERVER_VAD_NOTES,
  TOOL_NOTES,
  TRANSFER_NOTES,
} from './request-notes';
import { serverAnswers } from './server-answers';

/** Bodies of requests. */
export const REQUEST_SCHEMAS = {
  CreateCall: createCallSchema,
  Tool: httpToolSchema,
  ServerVad: serverVadSchema,
  SemanticVad: semanticVadSchema,
  Say: saySchema,
  Instructions: instructionsSchema,
  Digits: digitsSchema,
  Transfer: transferSchema,
} as const;

const NOTES: Readonly<Record<keyof typeof REQUEST_SCHEMAS, Readonly<Record<string, FieldNote>>>> = {
  CreateCall: CREATE_CALL_NOTES,
  Tool: TOOL_NOTES,
  ServerVad: SERVER_VAD_NOTES,
  SemanticVad: SEMANTIC_VAD_NOTES,
  Say: SAY_NOTES,
  Instructions: INSTRUCTIONS_NOTES,
  Digits: DIGITS_NOTES,
  Transfer: TRANSFER_NOTES,
};

/** Bodies of answers and of messages to users. */
export function answerSchemas() {
  return { ...callAnswers(), ...serverAnswers() };
}

/** All of them, as JSON Schemas. */
export function namedSchemas(): Readonly<Record<string, JsonSchema>> {
  const requests = jsonSchemas(REQUEST_SCHEMAS, 'request', KINDS);
  const noted = Object.entries(NOTES).map(([name, its]) => [name, withNotes(requests[name] ?? {}, its)] as const);
  return { ...Object.fromEntries(noted), ...jsonSchemas(answerSchemas(), 'answer') };
}

/** An object whose fields are explained. */
export function withNotes(schema: JsonSchema, its: Readonly<Record<string, FieldNote>>): JsonSchema {
  const fields = Object.entries(propertiesOf(schema)).map(([name, field]): [string, JsonSchema] => {
    const note = its[name];
    return [name, { ...field, ...note?.limits, description: note?.text }];
  });
  return { ...schema, properties: Object.fromEntries(fields) };
}

/** The fields of an object. */
export function propertiesOf(schema: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return (schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
}
