// Which errors of a database mean that a record can never be written, and which that it is worth another try.

import { RecordRefusedError } from '../calls/errors';

/** SQLSTATE classes of what is wrong with the data: data exception, constraint violation, program limit exceeded. */
const POSTGRES_REFUSALS = /^(22|23|54)[0-9A-Z]{3}$/;

const SQLITE_REFUSALS = /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG|RANGE)/;

/** The error to reject with: a refusal when trying again is of no use, otherwise the error itself. */
export function asRefusal(error: unknown): unknown {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  const isRefused = POSTGRES_REFUSALS.test(code) || SQLITE_REFUSALS.test(code);
  return isRefused ? new RecordRefusedError('The database refuses the record.', { cause: error }) : error;
}

/** Runs what prepares records; whatever it throws will be thrown again, as nothing outside has a part in it. */
export function orRefused<T>(prepare: () => T): T {
  try {
    return prepare();
  } catch (error) {
    throw new RecordRefusedError('The record has no form in which it could be stored.', { cause: error });
  }
}
