// What the bench and the process of the simulators say to each other over the IPC channel: one command, one answer.

import type { CallRecord } from './call-record';
import type { PlanOptions } from './call-plans';

/** Where the server finds the simulators, and how it proves who it is. */
export type FarEndSettings = {
  readonly TELNYX_API_KEY: string;
  readonly TELNYX_PUBLIC_KEY: string;
  readonly TELNYX_CONNECTION_ID: string;
  readonly TELNYX_FROM_NUMBER: string;
  readonly TELNYX_BASE_URL: string;
  readonly OPENAI_API_KEY: string;
  readonly OPENAI_BASE_URL: string;
};

/** The one command. */
export type RunCommand = {
  /** http URL of the server. */
  readonly url: string;
  readonly plans: PlanOptions;
  /** Calls at a time. */
  readonly concurrency: number;
};

/** What the simulators answer. */
export type SimulatorsAnswer =
  | { readonly kind: 'listening'; readonly settings: FarEndSettings }
  | { readonly kind: 'done'; readonly records: readonly CallRecord[]; readonly loopDelayP99Ms: number }
  | { readonly kind: 'failed'; readonly message: string };
