// Whether there were the requests that were wanted: with fewer, the load was another one.

import type { Validity } from '../load/validity';
import type { TrafficFigures } from './traffic-protocol';

/** How many requests there were to be a second; none where there was to be no traffic. */
export type WantedTraffic = {
  readonly requestsPerSecond: number;
  readonly traffic?: TrafficFigures | undefined;
};

const LEAST_SHARE = 0.95;

/** What stands against figures that were measured beside requests. */
export function trafficFlaws({ requestsPerSecond, traffic }: WantedTraffic): Validity['flaws'] {
  const sentPerSecond = traffic?.requestsPerSecond ?? 0;
  return sentPerSecond < LEAST_SHARE * requestsPerSecond ? ['too few requests'] : [];
}
