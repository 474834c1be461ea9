// What waits to be written, in its order. Of the versions of one call only the newest waits, and there is a limit to what
// is kept in memory while nothing can be written.

import type { Call } from '../call';
import type { RecordWrite } from '../record-ports';

// At some hundred bytes each, about 50 MB: twenty minutes of a hundred lively calls.
const MAX_WAITING = 100_000;

// More than one at a time, as finding the oldest entries goes through everything that waits.
const SHED = 1_000;

type Slot = { readonly place: number; record: RecordWrite };

/** Records in the order in which they are to be written. */
export class JournalQueue {
  #slots: Slot[] = [];
  /** Those that hold a call, by its id. */
  readonly #callSlots = new Map<string, Slot>();
  #lastPlace = 0;

  /** How many wait. */
  get size(): number {
    return this.#slots.length;
  }

  /** The place of the record that was added last. */
  get lastPlace(): number {
    return this.#lastPlace;
  }

  /** The place of the next record to be taken; one that is still to come when none waits. */
  get nextPlace(): number {
    return this.#slots[0]?.place ?? this.#lastPlace + 1;
  }

  /** Adds a record at the end; a call that waits already is replaced where it is. */
  add(record: RecordWrite): void {
    if (record.kind === 'call' && this.#replaced(record.call)) return;
    this.#lastPlace += 1;
    const slot = { place: this.#lastPlace, record };
    this.#slots.push(slot);
    if (record.kind === 'call') this.#callSlots.set(record.call.callId, slot);
  }

  /** Takes the first records out, at most `max`. */
  take(max: number): readonly RecordWrite[] {
    const records = this.#slots.splice(0, max).map(({ record }) => record);
    for (const record of records) if (record.kind === 'call') this.#callSlots.delete(record.call.callId);
    return records;
  }

  /** Drops the oldest timeline entries when there is too much, never calls or callbacks; returns how many. */
  shed(): number {
    if (this.#slots.length <= MAX_WAITING) return 0;
    let shed = 0;
    this.#slots = this.#slots.filter(({ record }) => {
      const isDropped = record.kind === 'entry' && shed < SHED;
      if (isDropped) shed += 1;
      return !isDropped;
    });
    return shed;
  }

  #replaced(call: Call): boolean {
    const slot = this.#callSlots.get(call.callId);
    if (slot) slot.record = { kind: 'call', call };
    return slot !== undefined;
  }
}
