// The statistics of the streams that a call has had, one after another.

import type { CarrierStreamStats } from '../../calls/conversation-events';

/** The statistics of one more stream, added up. */
export function addStats(sum: CarrierStreamStats | undefined, stats: CarrierStreamStats): CarrierStreamStats {
  if (!sum) return stats;
  return {
    reordered: sum.reordered + stats.reordered,
    duplicates: sum.duplicates + stats.duplicates,
    missing: sum.missing + stats.missing,
    unreadable: sum.unreadable + stats.unreadable,
    peakBacklogBytes: Math.max(sum.peakBacklogBytes, stats.peakBacklogBytes),
  };
}
