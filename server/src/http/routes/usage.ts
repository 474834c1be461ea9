// GET /api/ai-calls/usage: what calls used and cost, by day and destination.

import { Router } from 'express';
import type { Clock } from '../../calls/ports';
import type { UsageReport } from '../../calls/record-ports';
import { fromRecord } from '../../calls/record-reading';
import { chosenFormat, sendText } from '../formats';
import { parseUsageQuery } from '../reading-schemas';
import { usageCsv, usageTotals, usageView } from '../usage-view';

const FORMATS = { json: 'application/json', csv: 'text/csv' } as const;

/** What the route works with. */
export type UsageDeps = {
  readonly usage: Pick<UsageReport, 'usage'>;
  readonly clock: Clock;
};

/** The route of the usage. */
export function usageRouter({ usage, clock }: UsageDeps): Router {
  const router = Router();
  router.get('/usage', async (request, response) => {
    const { query, format } = parseUsageQuery(request.query, clock.nowMs());
    const chosen = chosenFormat(request, FORMATS, format);
    const rows = await fromRecord(usage.usage(query));
    const since = new Date(query.sinceMs).toISOString();
    const until = new Date(query.untilMs).toISOString();
    if (chosen === 'csv') {
      const name = `usage-${since.slice(0, 10)}-${until.slice(0, 10)}.csv`;
      response.set('Content-Disposition', `attachment; filename="${name}"`);
      return sendText(response, FORMATS.csv, usageCsv(rows));
    }
    response.vary('Accept').json({ since, until, days: rows.map(usageView), totals: usageTotals(rows) });
  });
  return router;
}
