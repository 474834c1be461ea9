// What a session gets of the callee's audio when it does not take it as fast as it comes.

import { PCMU_8K } from '../../../src/audio/audio-format';
import { SessionFeed } from '../../../src/media/session-feed';

const BYTES_PER_MS = 8;
const FRAME = Buffer.alloc(20 * BYTES_PER_MS, 0x55);

/** A session that takes so much and then is congested. */
class SlowSession {
  takenMs = 0;
  roomMs = Infinity;

  get isCongested(): boolean {
    return this.roomMs <= 0;
  }

  appendAudio(audio: Buffer): void {
    this.takenMs += audio.length / BYTES_PER_MS;
    this.roomMs -= audio.length / BYTES_PER_MS;
  }
}

let session: SlowSession;
let feed: SessionFeed;

beforeEach(() => {
  session = new SlowSession();
  feed = new SessionFeed({ session, aiFormat: PCMU_8K, unaccountedFromByte: () => 0 });
  feed.connect(PCMU_8K);
  feed.release();
});

function hear(ms: number): void {
  for (let heardMs = 0; heardMs < ms; heardMs += 20) feed.add(FRAME);
}

test('what waits for a new session is heard whole, however slowly that takes it', () => {
  hear(15_000);
  feed.lose();
  hear(4_000);
  session.takenMs = 0;
  session.roomMs = 2_000;
  feed.resume(0);
  expect(session.takenMs).toBe(2_000);
  for (let step = 0; step < 10; step += 1) {
    session.roomMs = 2_000;
    hear(20);
  }

  expect(session.takenMs).toBeGreaterThanOrEqual(19_000);
  expect(feed.droppedMs).toBe(0);
});

test('of what a session does not take for long, the oldest goes', () => {
  hear(1_000);
  session.roomMs = 0;
  hear(15_000);

  expect(feed.droppedMs).toBe(3_000);
});
