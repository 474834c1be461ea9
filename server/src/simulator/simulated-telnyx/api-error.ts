/** Telnyx's error answers: HTTP status, numeric string code, and the JSON:API style body around them. */
import type { z } from 'zod';

/** What one error says beside its status. */
export type ApiErrorDetails = {
  readonly httpStatus: number;
  readonly code: string;
  readonly title: string;
  readonly detail?: string | undefined;
  /** JSON pointer to the offending field. */
  readonly pointer?: string | undefined;
};

/** A refusal of a request, thrown by the operations and written by the API. */
export class ApiError extends Error {
  readonly details: ApiErrorDetails;

  constructor(details: ApiErrorDetails) {
    super(`${details.code} ${details.title}`);
    this.name = new.target.name;
    this.details = details;
  }

  /** The response body. */
  get body(): object {
    const { code, title, detail, pointer } = this.details;
    return {
      errors: [
        {
          code,
          title,
          ...(detail === undefined ? {} : { detail }),
          ...(pointer === undefined ? {} : { source: { pointer } }),
          meta: { url: `https://developers.telnyx.com/docs/overview/errors/${code}` },
        },
      ],
    };
  }
}

/** The ready-made refusals. */
export const refusals = {
  unauthorized: () => refusal(401, '10009', ['Authentication failed']),
  badRequest: (detail: string) => refusal(400, '10015', ['Bad request', detail]),
  notFound: (detail: string) => refusal(404, '10005', ['Resource not found', detail]),
  invalidConnection: () => field('10015', 'Invalid value for connection_id', 'connection_id'),
  callerNotAllowed: () =>
    refusal(403, '10010', ['Authorization failed', 'Unverified origination number. Error code: D51']),
  sameNumbers: () => refusal(403, '10010', ['Authorization failed', 'Destination equals origination. Error code: D53']),
  callEnded: () => refusal(422, '90018', ['Call has already ended', 'This call is no longer active.']),
  notAnswered: () => refusal(422, '90034', ['Call not answered yet', 'This command needs an answered call.']),
  notStreaming: () => refusal(422, '90048', ['Streaming is not active', 'There is no such stream on this call.']),
  transferInProgress: () =>
    refusal(422, '90033', ['Unable to execute command', 'The call is being transferred, or has been.']),
};

/** Turns the first thing wrong with a body into the refusal that Telnyx would answer. */
export function invalidBody(error: z.ZodError, body: unknown): ApiError {
  const issue = error.issues[0];
  if (issue === undefined) return refusals.badRequest('The body is invalid.');
  const pointer = issue.path.join('/');
  switch (issue.code) {
    case 'custom':
      return field(String(issue.params?.['telnyxCode'] ?? '10015'), issue.message, pointer);
    case 'unrecognized_keys':
      return field('10015', `Unknown parameter: ${issue.keys.join(', ')}`, [...issue.path, issue.keys[0]].join('/'));
    case 'invalid_value':
    case 'invalid_union':
      return field('10032', 'Invalid enumerated value', pointer);
    case 'too_big':
    case 'too_small':
      return field('10033', 'Value outside of range', pointer);
    default:
      return isMissing(body, issue.path)
        ? field('10004', 'Missing required parameter', pointer)
        : field('10015', 'Invalid value', pointer);
  }
}

function refusal(httpStatus: number, code: string, text: readonly [title: string, detail?: string]): ApiError {
  const [title, detail] = text;
  return new ApiError({ httpStatus, code, title, detail });
}

function field(code: string, title: string, pointer: string): ApiError {
  const name = pointer.replaceAll('/', '.');
  return new ApiError({
    httpStatus: 422,
    code,
    title,
    detail: `The '${name}' parameter: ${title}.`,
    pointer: `/${pointer}`,
  });
}

function isMissing(body: unknown, path: readonly PropertyKey[]): boolean {
  let value = body;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return value === undefined;
    value = Reflect.get(value, key);
  }
  return value === undefined;
}
