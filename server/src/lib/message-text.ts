import { isAscii } from 'node:buffer';

/** The text of a WebSocket message, in whichever of its three forms the library hands it over. */
export function messageText(message: Buffer | ArrayBuffer | readonly Buffer[]): string {
  if (Buffer.isBuffer(message)) return bufferText(message);
  return bufferText(message instanceof ArrayBuffer ? Buffer.from(message) : Buffer.concat(message));
}

/** Audio comes in ASCII, fifty times a second and call, and ASCII is decoded several times as fast. */
function bufferText(message: Buffer): string {
  return isAscii(message) ? message.toString('latin1') : message.toString();
}
