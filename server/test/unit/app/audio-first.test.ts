import { setImmediate as nextTurn } from 'node:timers/promises';
import { AudioFirst } from '../../../src/app/audio-first';

/** A request that takes its time; what was done is noted. */
function work(name: string, tookMs: number): () => void {
  return () => {
    nowMs += tookMs;
    done.push(name);
  };
}

let nowMs: number;
let done: string[];
let turns: AudioFirst;

beforeEach(() => {
  nowMs = 0;
  done = [];
  turns = new AudioFirst(() => nowMs);
});

test('a burst of requests lets the audio have its turn after every two milliseconds', async () => {
  for (const name of ['a', 'b', 'c', 'd', 'e']) turns.run(work(name, 1));

  expect(done).toEqual([]);
  await nextTurn();
  expect(done).toEqual(['a', 'b']);
  await nextTurn();
  expect(done).toEqual(['a', 'b', 'c', 'd']);
  await nextTurn();
  expect(done).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('a slow request is served whole, and the next one after a turn of the audio', async () => {
  turns.run(work('slow', 50));
  turns.run(work('next', 1));

  await nextTurn();
  expect(done).toEqual(['slow']);
  await nextTurn();
  expect(done).toEqual(['slow', 'next']);
});

test('what comes while others are served has its turn behind them', async () => {
  turns.run(() => {
    done.push('first');
    turns.run(work('later', 1));
  });
  turns.run(work('second', 3));

  await nextTurn();
  await nextTurn();

  expect(done).toEqual(['first', 'second', 'later']);
});
