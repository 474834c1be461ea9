// What the bench and its REST traffic, a process of its own, say to each other over the IPC channel.

/** What the traffic is told to do. */
export type TrafficCommand =
  | { readonly kind: 'begin'; readonly url: string; readonly key: string; readonly requestsPerSecond: number }
  /** From here on counts what is measured. */
  | { readonly kind: 'begin-window' }
  | { readonly kind: 'end' };

/** One kind of request. */
export type KindFigures = {
  readonly name: string;
  readonly count: number;
  /** Answers that were another status than the one that is right. */
  readonly wrong: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
};

/** What became of the requests of the window. */
export type TrafficFigures = {
  readonly requestsPerSecond: number;
  /** How often which status came; 0 for no answer at all. */
  readonly statuses: Readonly<Record<number, number>>;
  readonly kinds: readonly KindFigures[];
  /** Event streams that were open at the end. */
  readonly openStreams: number;
  /** What the streams brought, messages. */
  readonly streamedEvents: number;
};

/** What the traffic answers. */
export type TrafficAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'flowing' }
  | { readonly kind: 'done'; readonly figures: TrafficFigures }
  | { readonly kind: 'failed'; readonly message: string };
