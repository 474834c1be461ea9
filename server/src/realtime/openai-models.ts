// Asks OpenAI about a model: whether the key is accepted, whether the account may use it, and until when. Costs nothing.

import { z } from 'zod';
import type { RealtimeEndpoint } from './realtime-socket';

/** How the request ended; `shutdownDate` only where OpenAI announces one. */
export type ModelAnswer =
  | { readonly kind: 'available'; readonly shutdownDate: string | undefined }
  | { readonly kind: 'refused'; readonly httpStatus: number; readonly errorCode: string | undefined };

/** Which model to ask about, and whom. */
export type ModelRequest = Pick<RealtimeEndpoint, 'apiKey' | 'baseUrl' | 'model'> & {
  readonly signal: AbortSignal;
  /** Is shown the headers of the answer. */
  readonly onAnswer: (headers: Headers) => void;
};

const modelSchema = z.object({ shutdown_date: z.string().optional().catch(undefined) }).catch({});

const errorSchema = z
  .object({ error: z.object({ code: z.string().optional().catch(undefined) }) })
  .catch({ error: {} });

/** Asks about one model. @throws what fetch throws when there is no answer */
export async function askForModel({ apiKey, baseUrl, model, signal, onAnswer }: ModelRequest): Promise<ModelAnswer> {
  const response = await fetch(`${baseUrl}/models/${encodeURIComponent(model)}`, {
    headers: { authorization: `Bearer ${apiKey}` },
    redirect: 'error',
    signal,
  });
  onAnswer(response.headers);
  // A gateway in between may answer with a page.
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) {
    return { kind: 'refused', httpStatus: response.status, errorCode: errorSchema.parse(body).error.code };
  }
  return { kind: 'available', shutdownDate: modelSchema.parse(body).shutdown_date };
}
