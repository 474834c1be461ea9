// The questions about the account itself: balance, application, outbound voice profile, numbers.

import type { AccountHoldings } from './account-holdings';
import { PROFILE_ID } from './account-holdings';
import { refusals } from './api-error';
import { pageOf } from './paging';

/** Operations that are named like their path; all of them are GET. */
export type AccountOperation =
  'balance' | 'call_control_applications' | 'outbound_voice_profiles' | 'phone_numbers' | 'verified_numbers';

/** One question: what about, which object, and the whole path with its query. */
export type AccountQuestion = {
  readonly operation: AccountOperation;
  readonly id: string | undefined;
  readonly path: string;
};

/** Which of them are about one object. */
const HAS_ID: Readonly<Record<AccountOperation, boolean>> = {
  balance: false,
  call_control_applications: true,
  outbound_voice_profiles: true,
  phone_numbers: false,
  verified_numbers: true,
};

/** The operation of a path of so many segments; undefined for any other. */
export function accountOperation(collection: string, hasId: boolean): AccountOperation | undefined {
  return isOperation(collection) && HAS_ID[collection] === hasId ? collection : undefined;
}

/** Tells the operations of this file from those of calls. */
export function isOperation(name: string): name is AccountOperation {
  return Object.hasOwn(HAS_ID, name);
}

/** The answer. @throws ApiError for what the account does not have */
export function accountAnswer(question: AccountQuestion, holdings: AccountHoldings, connectionId: string): object {
  const { operation, id, path } = question;
  switch (operation) {
    case 'balance':
      return { data: { record_type: 'balance', ...holdings.balance } };
    case 'call_control_applications':
      if (id !== connectionId) throw refusals.notFound('The requested application was not found.');
      return { data: { record_type: 'call_control_application', id, ...holdings.application } };
    case 'outbound_voice_profiles':
      if (id !== PROFILE_ID) throw refusals.notFound('The requested profile was not found.');
      return { data: { record_type: 'outbound_voice_profile', id, name: 'simulated', ...holdings.profile } };
    case 'phone_numbers':
      return pageOf(numbersOf(holdings, path), path);
    default:
      if (id === undefined || !holdings.verifiedNumbers.includes(id)) {
        throw refusals.notFound('The requested number was not found.');
      }
      return { data: { record_type: 'verified_number', phone_number: id, verified_at: '2026-01-01T00:00:00Z' } };
  }
}

function numbersOf({ numbers }: AccountHoldings, path: string): object[] {
  const wanted = new URL(path, 'http://simulator').searchParams.get('filter[phone_number]');
  return numbers
    .filter(({ phone_number: number }) => wanted === null || wanted === number)
    .map((number, index) => ({ record_type: 'phone_number', id: String(index + 1), ...number }));
}
