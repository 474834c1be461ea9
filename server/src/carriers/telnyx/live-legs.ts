// The list of calls that are active on a connection, page by page, in our words.
// Telnyx's documents call it paged by cursor, its SDK by number: whatever an answer offers leads on.

import { z } from 'zod';
import { CarrierError } from '../../calls/errors';
import type { LiveLeg } from '../../calls/ports';
import { fromClientState } from './client-state';

const PAGE_SIZE = 250;

/** An account with more legs than fit on so many pages is not one of ours; a list without end would hold up everything. */
export const MAX_PAGES = 100;

/** What is asked for in the URL of a page. */
export type PageQuery = Readonly<Record<string, string | number>>;

/** The query of the first page. */
export const FIRST_PAGE: PageQuery = { 'page[size]': PAGE_SIZE };

/** One page, and the query of the one behind it. */
export type LegPage = { readonly found: readonly LiveLeg[]; readonly next: PageQuery | undefined };

const pageSchema = z.object({
  data: z.array(z.unknown()),
  meta: z
    .object({
      cursors: z.object({ after: z.string().nullish() }).nullish(),
      page_number: z.number().nullish(),
      total_pages: z.number().nullish(),
    })
    .nullish()
    .catch(undefined),
});

const legSchema = z.object({
  call_control_id: z.string().min(1),
  client_state: z.string().nullish().catch(undefined),
});

type PageMeta = z.infer<typeof pageSchema>['meta'];

/** Reads a page. @throws CarrierError */
export function readPage(answer: unknown): LegPage {
  const page = pageSchema.safeParse(answer);
  // Taken for an empty list, it would tell that every leg is down.
  if (!page.success) throw new CarrierError('Telnyx sent no list of active calls', { failure: 'unavailable' });
  const { data, meta } = page.data;
  return { found: data.flatMap(toLeg), next: data.length === 0 ? undefined : nextPage(meta) };
}

function toLeg(entry: unknown): LiveLeg[] {
  const leg = legSchema.safeParse(entry).data;
  if (!leg) return [];
  return [{ carrierCallId: leg.call_control_id, callId: fromClientState(leg.client_state)?.callId }];
}

function nextPage(meta: PageMeta): PageQuery | undefined {
  const after = meta?.cursors?.after;
  if (after) return { ...FIRST_PAGE, 'page[after]': after };
  const { page_number: page, total_pages: pages } = meta ?? {};
  return page && pages && page < pages ? { ...FIRST_PAGE, 'page[number]': page + 1 } : undefined;
}
