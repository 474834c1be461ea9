// Server-sent events out of the pieces in which they arrive; by hand, as EventSource can send no key.

/** One event. */
export type ServerEvent = { readonly id: string | undefined; readonly event: string; readonly data: string };

/** Puts pieces of text together to events. */
export class SseParser {
  #rest = '';
  #id: string | undefined;
  #event = '';
  #data: string[] = [];

  /** The events that are complete with this piece. */
  push(piece: string): ServerEvent[] {
    // A line may end in CR, LF or both; a CR at the very end may still get its LF.
    const text = this.#rest + piece;
    const lines = text.split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.#take(line));
  }

  #take(line: string): ServerEvent[] {
    if (line === '') return this.#finish();
    const [, name, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === 'data') this.#data.push(value);
    else if (name === 'event') this.#event = value;
    else if (name === 'id') this.#id = value;
    return [];
  }

  #finish(): ServerEvent[] {
    const [event, data] = [this.#event, this.#data];
    this.#event = '';
    this.#data = [];
    return data.length === 0 ? [] : [{ id: this.#id, event: event || 'message', data: data.join('\n') }];
  }
}
