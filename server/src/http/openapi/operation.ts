// What is said of one route of the API, as plain data: document.ts makes an OpenAPI operation of it.

import type { z } from 'zod';
import type { ProblemCode } from '../problem';
import type { JsonSchema } from './json-schema';
import type { FieldNote } from './request-notes';

/** The groups in which routes are shown. */
export const TAGS = {
  Calls: 'Place calls, look at them, end them.',
  Conversation: 'Steer a call that is going on.',
  Records: 'What is known of a call, live and afterwards.',
  Server: 'The server itself.',
  Carrier: 'For Telnyx.',
} as const;

/** A header of a request. */
export type RequestHeader = {
  readonly name: string;
  readonly text: string;
  readonly schema: JsonSchema;
  readonly isRequired?: boolean;
};

/** The query of a request: its schema, and what is said of its fields. */
export type Query = { readonly schema: z.ZodObject; readonly notes: Readonly<Record<string, FieldNote>> };

/** A body of an answer, by its media type: the name of a schema, or a schema of its own, with an example of text. */
export type AnswerBody = { readonly schema: string | JsonSchema; readonly example?: string };

/** One answer of a route. */
export type Answer = {
  readonly text: string;
  readonly headers?: readonly HeaderName[];
  readonly bodies?: Readonly<Record<string, AnswerBody>>;
};

/** Headers of answers. */
export const HEADERS = {
  'Retry-After': { description: 'Seconds after which the request is worth another try.', schema: { type: 'integer' } },
  'WWW-Authenticate': { description: 'How to say who is asking.', schema: { const: 'Bearer' } },
  Location: { description: 'Path of the new call.', schema: { type: 'string' } },
  'Idempotent-Replayed': {
    description: 'There when the call was placed by an earlier request with the same key.',
    schema: { const: 'true' },
  },
  ETag: { description: 'Names this version, for `If-None-Match`.', schema: { type: 'string' } },
  'Accept-Ranges': { description: 'Parts of it can be asked for.', schema: { const: 'bytes' } },
  'Content-Range': { description: 'Which bytes these are, and of how many.', schema: { type: 'string' } },
  'Content-Disposition': { description: 'Name for a file.', schema: { type: 'string' } },
} as const satisfies Readonly<Record<string, JsonSchema>>;

/** The name of a header of an answer. */
export type HeaderName = keyof typeof HEADERS;

/** One route. */
export type Operation = {
  readonly method: 'get' | 'post';
  /** With `{callId}` where the route has `:callId`. */
  readonly path: string;
  readonly operationId: string;
  readonly tag: keyof typeof TAGS;
  readonly summary: string;
  readonly text?: string;
  /** `key`: an API key, or this machine itself. */
  readonly access: 'key' | 'public';
  readonly query?: Query;
  readonly headers?: readonly RequestHeader[];
  /** Name of the schema of the JSON body. */
  readonly body?: string;
  readonly examples?: Readonly<Record<string, unknown>>;
  /** A body of which somebody else says what is in it. */
  readonly foreignBody?: JsonSchema;
  readonly answers: Readonly<Record<number, Answer>>;
  /** Beside those that follow from access, body, query and path. */
  readonly problems?: readonly ProblemCode[];
};

/** A JSON answer. */
export function json(schema: string, text: string, headers: readonly HeaderName[] = []): Answer {
  return { text, headers, bodies: { 'application/json': { schema } } };
}

/** Text of a media type. */
export const TEXT: JsonSchema = { type: 'string' };
