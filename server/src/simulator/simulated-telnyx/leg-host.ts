/** What a leg and its simulated account know of each other, and the names of what happens on a leg. */
import type { Hangup } from './hangup';
import type { MediaEvents } from './leg-media';
import type { LegFacts } from './leg-payloads';

/** Where a leg is in its life. */
export type LegState = 'dialing' | 'ringing' | 'answered' | 'ended';

/** What happens on a leg, by name, for `next` and `until`. */
export type LegEvents = MediaEvents & {
  ringing: { readonly atMs: number };
  answered: { readonly atMs: number };
  /** A transfer has connected the callee with another one. */
  bridged: { readonly atMs: number; readonly otherCarrierCallId: string };
  ended: { readonly atMs: number } & Hangup;
};

/** What the simulated account lends to its legs. */
export type LegHost = {
  readonly userId: string;
  /** Duration of one second of the carrier's limits. */
  readonly secondMs: number;
  /** Whether audio and media frames are kept. */
  readonly isRecorded: boolean;
  readonly isCostReported: boolean;
  clip(name: string): Int16Array;
  /** Sends a webhook; resolves when its first delivery try is over. */
  publish(leg: LegFacts, eventType: string, payload: object): Promise<void>;
  /** The state of a leg has changed. */
  onChanged(): void;
};
