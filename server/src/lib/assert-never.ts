/** Compile-time proof that a switch over a union is complete; throws if a foreign value slips through at run time. */
export function assertNever(value: never): never {
  throw new TypeError(`Unexpected value: ${JSON.stringify(value)}`);
}
