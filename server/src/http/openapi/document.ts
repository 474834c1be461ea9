// The OpenAPI document of the server: the table of routes, the schemas that validate requests, and those that answers are
// held against, in the words of OpenAPI 3.1.

import { PROBLEMS, type ProblemCode } from '../problem';
import { type JsonSchema, jsonSchemas, reference } from './json-schema';
import {
  type Answer,
  type AnswerBody,
  HEADERS,
  type HeaderName,
  type Operation,
  type RequestHeader,
  TAGS,
} from './operation';
import { OPERATIONS, problemsOf } from './operations';
import { KINDS } from './request-notes';
import { CALL_STATUS_HEADERS, CALL_STATUS_TEXT } from './status-message';
import { namedSchemas, propertiesOf, withNotes } from './schemas-by-name';

/** Version of the API: that of the package, which a test holds it against. */
export const API_VERSION = '0.1.0';

const DESCRIPTION = `Places phone calls through Telnyx and joins each one, live, to its own OpenAI Realtime session.

Bodies are JSON; unknown fields are refused. Errors are problem documents (RFC 9457) with a stable \`code\`. With
\`API_KEYS\` set, routes with a lock need \`Authorization: Bearer <key>\`; without, they answer direct requests from the
same machine only. A method that a path does not have is answered 405, \`METHOD_NOT_ALLOWED\`, with those that it has in
\`Allow\`.`;

const SECURITY: JsonSchema = {
  type: 'http',
  scheme: 'bearer',
  description: 'One of `API_KEYS`. Kept in the memory of this page only.',
};

const PROBLEM_TYPE = 'application/problem+json';

type Part = Readonly<Record<string, unknown>>;

/** Makes the document. */
export function openApiDocument(): Part {
  return {
    openapi: '3.1.0',
    info: {
      title: 'AI Calls',
      version: API_VERSION,
      description: DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    // Beside this document, so that it holds behind a proxy that puts a path in front, too.
    servers: [{ url: '.', description: 'this server' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths: pathsOf(OPERATIONS),
    webhooks: { callStatus: { post: callStatusMessage() } },
    components: {
      schemas: namedSchemas(),
      headers: HEADERS,
      examples: problemExamples(),
      securitySchemes: { apiKey: SECURITY },
    },
  };
}

function pathsOf(operations: readonly Operation[]): Part {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    const path = (paths[operation.path] ??= {});
    path[operation.method] = operationPart(operation);
  }
  return paths;
}

function operationPart(operation: Operation): Part {
  const { operationId, tag, summary, text, access } = operation;
  const parameters = [
    ...pathParameters(operation),
    ...queryParameters(operation),
    ...headerParameters(operation.headers),
  ];
  return {
    operationId,
    tags: [tag],
    summary,
    ...(text === undefined ? {} : { description: text }),
    security: access === 'key' ? [{ apiKey: [] }] : [],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...bodyPart(operation),
    responses: { ...answersPart(operation), ...problemsPart(operation) },
  };
}

function pathParameters({ path }: Operation): Part[] {
  if (!path.includes('{callId}')) return [];
  return [{ name: 'callId', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } }];
}

function queryParameters({ query }: Operation): Part[] {
  if (!query) return [];
  const schema = withNotes(jsonSchemas({ query: query.schema }, 'request', KINDS)['query'] ?? {}, query.notes);
  const required = (schema['required'] ?? []) as readonly string[];
  return Object.entries(propertiesOf(schema)).map(([name, { description, ...field }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    description,
    schema: field,
  }));
}

function headerParameters(headers: readonly RequestHeader[] = []): Part[] {
  return headers.map(({ name, text, schema, isRequired = false }) => ({
    name,
    in: 'header',
    required: isRequired,
    description: text,
    schema,
  }));
}

function bodyPart({ body, examples = {}, foreignBody }: Operation): Part {
  const schema = body === undefined ? foreignBody : reference(body);
  if (!schema) return {};
  const values = Object.entries(examples).map(([name, value]) => [name, { value }] as const);
  const shown = values.length === 0 ? {} : { examples: Object.fromEntries(values) };
  return { requestBody: { required: true, content: { 'application/json': { schema, ...shown } } } };
}

function answersPart({ answers }: Operation): Part {
  return Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, answerPart(answer)]));
}

function answerPart({ text, headers = [], bodies = {} }: Answer): Part {
  const content = Object.entries(bodies).map(([type, body]) => [type, contentPart(body)] as const);
  return {
    description: text,
    ...headersPart(headers),
    ...(content.length === 0 ? {} : { content: Object.fromEntries(content) }),
  };
}

function contentPart({ schema, example }: AnswerBody): Part {
  return {
    schema: typeof schema === 'string' ? reference(schema) : schema,
    ...(example === undefined ? {} : { example }),
  };
}

function headersPart(names: readonly HeaderName[]): Part {
  if (names.length === 0) return {};
  return { headers: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }])) };
}

/** One answer for each status, which lists the codes that come with it. */
function problemsPart(operation: Operation): Part {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of problemsOf(operation)) {
    const { status } = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries([...byStatus].map(([status, codes]) => [status, problemPart(status, codes)]));
}

function problemPart(status: number, codes: readonly ProblemCode[]): Part {
  const isBusy = status === 429 || status === 503;
  const headers: readonly HeaderName[] = [
    ...(isBusy ? (['Retry-After'] as const) : []),
    ...(codes.includes('UNAUTHORIZED') ? (['WWW-Authenticate'] as const) : []),
    ...(codes.includes('RANGE_NOT_SATISFIABLE') ? (['Content-Range'] as const) : []),
  ];
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join('\n\n'),
    ...headersPart(headers),
    content: {
      [PROBLEM_TYPE]: {
        schema: { allOf: [reference('Problem'), { properties: { code: { enum: codes } } }] },
        examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
      },
    },
  };
}

/** Each problem as it is answered. */
function problemExamples(): Part {
  const examples = Object.entries(PROBLEMS).map(([code, problem]) => {
    const { status, title, cure } = problem;
    const setting = 'setting' in problem ? { setting: problem.setting } : {};
    const value = { type: `urn:ai-calls:problem:${code}`, title, status, code, detail: cure, ...setting };
    return [code, { summary: title, value }] as const;
  });
  return Object.fromEntries(examples);
}

function callStatusMessage(): Part {
  return {
    operationId: 'receiveCallStatus',
    tags: ['Calls'],
    summary: 'A call has a new status',
    description: CALL_STATUS_TEXT,
    security: [],
    parameters: headerParameters(CALL_STATUS_HEADERS),
    requestBody: { required: true, content: { 'application/json': { schema: reference('StatusCallback') } } },
    responses: {
      '2XX': { description: 'Received.' },
      410: { description: 'This message is not wanted, now or later.' },
    },
  };
}
