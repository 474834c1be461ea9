// Clients that give up before they are answered.

import type { Response } from 'express';

/** Aborted when the client goes away before it has its answer. */
export function abandonmentOf(response: Response): AbortSignal {
  const abandonment = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) abandonment.abort();
  });
  return abandonment.signal;
}
