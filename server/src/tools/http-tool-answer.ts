// What the answer of a user's server means for the model: a result, or a failure that it can talk about.

import { ToolFailure } from './tool';

/** An answer as it came. */
export type HttpAnswer = {
  readonly status: number;
  readonly headers: object;
  readonly data: string;
};

const MAX_FAILURE_BODY = 500;

const JSON_TYPE = /^application\/([\w.+-]+\+)?json\b/i;
const TEXT_TYPE = /^(text\/|application\/([\w.+-]+\+)?xml\b|application\/x-www-form-urlencoded\b)/i;

/** The result in an answer; null for an empty one. @throws ToolFailure unless the status is 2xx and it is JSON or text */
export function answerOf({ status, headers, data }: HttpAnswer): unknown {
  const type = contentTypeOf(headers);
  const isReadable = type === '' || JSON_TYPE.test(type) || TEXT_TYPE.test(type);
  if (status < 200 || status > 299) {
    // In the details, which are not logged: nobody knows what it says.
    const body = isReadable && data.trim() !== '' ? { body: data.slice(0, MAX_FAILURE_BODY) } : {};
    throw new ToolFailure(`The server answered with HTTP status ${status}.`, {
      details: { httpStatus: status, ...body },
    });
  }
  if (data.trim() === '') return null;
  if (!isReadable) throw new ToolFailure('The server answered with something that is neither JSON nor text.');
  return TEXT_TYPE.test(type) ? data : parsedOrText(data);
}

function contentTypeOf(headers: object): string {
  const type: unknown = 'content-type' in headers ? headers['content-type'] : undefined;
  return typeof type === 'string' ? type : '';
}

/** JSON, whether it is called so or not called anything; a server may be wrong about it. */
function parsedOrText(data: string): unknown {
  try {
    return JSON.parse(data) as unknown;
  } catch {
    // Not JSON after all: the model can read it as it is.
    return data;
  }
}
