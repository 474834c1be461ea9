// The addresses in a create request that a look at them shows to be none that may be called. What a name resolves to is
// found out by whoever connects.

import type { UrlGuard } from '../lib/url-guard';
import type { FieldError } from './problem';
import type { CreateCallBody } from './schemas';

const MESSAGE = 'is an address of a private network or of this machine: only a server with ALLOW_PRIVATE_URLS calls it';

/** One error for each field with an address that would be refused later. */
export function refusedUrls(body: CreateCallBody, guard: Pick<UrlGuard, 'check'>): FieldError[] {
  const fields = (body.tools ?? []).map(({ url }, index) => [`tools.${index}.url`, url] as const);
  const { statusCallbackUrl } = body;
  const all = statusCallbackUrl === undefined ? fields : [['statusCallbackUrl', statusCallbackUrl] as const, ...fields];
  return all.filter(([, url]) => !mayCall(guard, url)).map(([field]) => ({ field, message: MESSAGE }));
}

function mayCall(guard: Pick<UrlGuard, 'check'>, url: string): boolean {
  try {
    guard.check(url);
    return true;
  } catch {
    // The guard says why in words that are not for a field.
    return false;
  }
}
