// Reading the record for somebody who waits for an answer: a database that cannot be read is worth another try, and no
// fault of the request.

import { AppError, RecordsUnavailableError } from './errors';

/** What `read` resolves with. @throws RecordsUnavailableError instead of what a database throws */
export async function fromRecord<T>(read: Promise<T>): Promise<T> {
  try {
    return await read;
  } catch (error) {
    // Ours: what was asked for makes no sense, or there is a bug in how a row is understood.
    if (error instanceof AppError || error instanceof TypeError || error instanceof SyntaxError) throw error;
    const message = 'The database does not answer: try again after `Retry-After`; `GET /ready` says more.';
    throw new RecordsUnavailableError(message, { cause: error });
  }
}
