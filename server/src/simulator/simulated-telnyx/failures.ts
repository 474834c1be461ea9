/** Failures of API requests that a test orders in advance. */
import type { AccountOperation } from './account-routes';

/** The operations that can be told to fail. */
export type FailableOperation =
  | 'dial'
  | 'hangup'
  | 'streaming_start'
  | 'speak'
  | 'send_dtmf'
  | 'transfer'
  | 'retrieve'
  | 'active_calls'
  | AccountOperation;

/** How a request fails; with `stillPlacesCall` the command takes effect all the same, and only its answer is lost. */
export type Failure = { readonly stillPlacesCall?: boolean } & (
  | {
      readonly kind: 'status';
      readonly httpStatus: number;
      readonly code?: string;
      readonly title?: string;
      readonly detail?: string;
      readonly retryAfterSeconds?: number;
    }
  /** Works, but only after so long. */
  | { readonly kind: 'late'; readonly delayMs: number }
  /** Never answers. */
  | { readonly kind: 'hang' }
  /** Breaks the connection. */
  | { readonly kind: 'reset' }
);

/** The failures still to come, by operation. */
export class FailurePlan {
  /** How every request fails while it is set, before it is even looked at. */
  outage: Failure | undefined;
  readonly #planned = new Map<string, Failure[]>();

  /** Lets the next `times` requests of an operation fail, after those already planned. */
  add(operation: FailableOperation, failure: Failure, times: number): void {
    const planned = this.#planned.get(operation) ?? [];
    this.#planned.set(operation, [...planned, ...Array.from({ length: times }, () => failure)]);
  }

  /** The failure of this request, if it is to fail. */
  take(operation: string): Failure | undefined {
    return this.#planned.get(operation)?.shift();
  }
}
