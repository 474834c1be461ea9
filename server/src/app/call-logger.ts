// A logger that knows whose lines it writes.

import type { Logger } from '../calls/ports';

/** The logger of one call: each line names it. */
export function withCallId(log: Logger, callId: string): Logger {
  return {
    debug: (message, fields) => log.debug(message, { callId, ...fields }),
    info: (message, fields) => log.info(message, { callId, ...fields }),
    warn: (message, fields) => log.warn(message, { callId, ...fields }),
    error: (message, fields) => log.error(message, { callId, ...fields }),
  };
}
