// What the bench and the process of the simulators say to each other over the IPC channel: one command, one answer.

import type { FarEndSettings } from '../../src/simulator/far-end-settings';
import type { CallRecord } from './call-record';
import type { PlanOptions } from './call-plans';

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
