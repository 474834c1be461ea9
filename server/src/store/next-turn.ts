// SQLite works on our own thread, and between two of its statements only microtasks run: whoever has many of them to make
// lets the calls have their audio in between.

/** Resolves in the next turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
