// In which of several types an answer goes out: what the address asks for, else what the request accepts.

import type { Request, Response } from 'express';
import { ProblemError } from './problem';

/** The types of an answer by their names in `?format=`; the first is the one for requests that do not care. */
export type Formats<F extends string> = Readonly<Record<F, string>>;

/** Picks the format. @throws ProblemError */
export function chosenFormat<F extends string>(
  request: Request,
  formats: Formats<F>,
  asked: NoInfer<F> | undefined,
): F {
  if (asked !== undefined) return asked;
  const names = Object.keys(formats) as F[];
  const types = names.map((name) => formats[name]);
  const accepted = request.accepts(types);
  const format = names.find((name) => formats[name] === accepted);
  if (format !== undefined) return format;
  throw new ProblemError('NOT_ACCEPTABLE', [], {
    detail: `This path answers with ${types.join(' or ')}: send one of them in \`Accept\`.`,
  });
}

/** Sends text of a type, whatever its first characters look like. */
export function sendText(response: Response, type: string, text: string): void {
  response.vary('Accept').set('Content-Type', `${type}; charset=utf-8`).send(text);
}
