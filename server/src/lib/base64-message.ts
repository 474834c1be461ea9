/** A text message with base64 in its middle, as bytes: a socket sends those without a conversion of its own. */
export class Base64Message {
  readonly #before: Buffer;
  readonly #after: Buffer;

  /** The text around the base64, ASCII only. */
  constructor(before: string, after: string) {
    this.#before = Buffer.from(before, 'latin1');
    this.#after = Buffer.from(after, 'latin1');
  }

  /** Returns the message around these bytes, in memory of its own. */
  around(bytes: Buffer): Buffer {
    const base64 = bytes.toString('base64');
    const message = Buffer.allocUnsafe(this.#before.length + base64.length + this.#after.length);
    message.set(this.#before);
    message.write(base64, this.#before.length, 'latin1');
    message.set(this.#after, this.#before.length + base64.length);
    return message;
  }
}
