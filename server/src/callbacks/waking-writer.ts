// The seam between the records and the deliveries: when a callback has been written, its delivery is due.

import type { RecordWriter } from '../calls/record-ports';

/** A writer that tells when it has written a callback, and only then. */
export function wakingWriter(writer: RecordWriter, onCallbackWritten: () => void): RecordWriter {
  return {
    ping: () => writer.ping(),
    write: async (batch) => {
      await writer.write(batch);
      if (batch.some(({ kind }) => kind === 'callback')) onCallbackWritten();
    },
  };
}
