// What promises came to, as plain lists: empty while a promise is open.

/** The values with which a promise settles, to be looked at after `settle()`. */
export function settlementsOf<T>(promise: Promise<T>): T[] {
  const values: T[] = [];
  void promise.then((value) => values.push(value));
  return values;
}
