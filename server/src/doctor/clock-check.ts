// Whether the clock of this machine is right: webhooks that seem to be five minutes old are refused.

import { type Check, fail, type Finding, ok, skipped, warn } from './finding';
import type { ServerDates } from './server-dates';

const SECOND_MS = 1_000;
const WARN_MS = 5 * SECOND_MS;
const FAIL_MS = 60 * SECOND_MS;

const CURE = 'Synchronise the clock of this machine (NTP): webhooks are refused when it is 300 s off.';

/** Compares with Telnyx, whose webhooks have to fit, or else with OpenAI; `asked` is over when both have been asked. */
export function clockCheck(dates: Readonly<Record<string, ServerDates>>, asked: () => Promise<unknown>): Check {
  const run = async (): Promise<readonly Finding[]> => {
    await asked();
    const told = Object.entries(dates).flatMap(([whose, { skewMs }]) =>
      skewMs === undefined ? [] : [{ whose, skewMs }],
    );
    return [told[0] ? finding(told[0]) : skipped('nobody has told the time')];
  };
  return { name: 'clock', run };
}

function finding({ whose, skewMs }: { readonly whose: string; readonly skewMs: number }): Finding {
  const seconds = Math.round(Math.abs(skewMs) / SECOND_MS);
  const found = `${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} that of ${whose}`;
  if (Math.abs(skewMs) > FAIL_MS) return fail(found, CURE);
  return Math.abs(skewMs) > WARN_MS ? warn(found, CURE) : ok(`as that of ${whose}`);
}
