// How patient a new call is with the database: a little, as somebody waits for an answer.

import type { Backoff } from '../lib/backoff';
import { RecordsUnavailableError } from './errors';
import type { Clock } from './ports';
import { withRetries } from './retry';

// A request waits for an answer: no more patience with the database than that.
const TRIES = 4;
const BACKOFF: Backoff = { firstMs: 50, capMs: 200 };

/** A database that is locked for a moment is no reason to refuse a call. @throws RecordsUnavailableError */
export async function patiently<T>(clock: Clock, task: () => Promise<T>): Promise<T> {
  const policy = { tries: TRIES, backoff: BACKOFF, onFailure: () => true };
  try {
    return await withRetries(clock, policy, task);
  } catch (error) {
    throw new RecordsUnavailableError('The database does not answer: nobody was dialled.', { cause: error });
  }
}
