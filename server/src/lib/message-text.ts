/** The text of a WebSocket message, in whichever of its three forms the library hands it over. */
export function messageText(message: Buffer | ArrayBuffer | readonly Buffer[]): string {
  if (Buffer.isBuffer(message)) return message.toString();
  return message instanceof ArrayBuffer ? Buffer.from(message).toString() : Buffer.concat(message).toString();
}
