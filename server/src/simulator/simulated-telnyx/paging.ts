/**
 * Pages of `GET /connections/{id}/active_calls`. The answer has cursors and no page count, as specified, while clients
 * may ask by cursor or by page number; a page past the end is empty, which is what ends the SDK's own paging.
 */
import { refusals } from './api-error';

const DEFAULT_PAGE_SIZE = 20;
const MAX_PAGE_SIZE = 250;
const CURSOR_PREFIX = 'v1:';

/** The requested page of a list, as a response body. */
export function pageOf(items: readonly object[], path: string): object {
  const query = new URL(path, 'http://simulator').searchParams;
  const size = readNumber(query.get('page[size]') ?? query.get('page[limit]'), DEFAULT_PAGE_SIZE);
  if (size > MAX_PAGE_SIZE) throw refusals.badRequest(`A page has at most ${MAX_PAGE_SIZE} entries.`);
  const start = readStart(query, size);
  const end = start + size;
  return {
    data: items.slice(start, end),
    meta: {
      total_items: items.length,
      cursors: {
        before: start > 0 ? `${CURSOR_PREFIX}${Math.max(0, start - size)}` : null,
        after: end < items.length ? `${CURSOR_PREFIX}${end}` : null,
      },
    },
  };
}

function readStart(query: URLSearchParams, size: number): number {
  const cursor = query.get('page[after]') ?? query.get('page[before]');
  if (cursor === null) return (readNumber(query.get('page[number]'), 1) - 1) * size;
  const start = Number(cursor.slice(CURSOR_PREFIX.length));
  if (!cursor.startsWith(CURSOR_PREFIX) || !Number.isInteger(start)) throw refusals.badRequest('Unknown cursor.');
  return start;
}

function readNumber(text: string | null, fallback: number): number {
  const value = text === null ? fallback : Number(text);
  if (!Number.isInteger(value) || value < 1) throw refusals.badRequest('Page numbers and sizes are positive integers.');
  return value;
}
