import { deferred } from '../../../src/lib/deferred';
import { InTurn } from '../../../src/lib/in-turn';
import { settle } from '../../support/manual-clock';

test('tasks of one key run one after the other, those of another key meanwhile', async () => {
  const turns = new InTurn();
  const first = deferred<void>();
  const begun: string[] = [];
  const task = (name: string, until: Promise<void> = Promise.resolve()) => {
    return (): Promise<string> => {
      begun.push(name);
      return until.then(() => name);
    };
  };

  const results = [
    turns.run('a', task('a1', first.promise)),
    turns.run('a', task('a2')),
    turns.run('a', task('a3')),
    turns.run('b', task('b1')),
  ];
  await settle();
  expect(begun).toEqual(['a1', 'b1']);

  first.resolve();
  expect(await Promise.all(results)).toEqual(['a1', 'a2', 'a3', 'b1']);
  expect(begun).toEqual(['a1', 'b1', 'a2', 'a3']);
});

test('a task that fails lets the next one have its turn', async () => {
  const turns = new InTurn();

  const results = await Promise.allSettled([
    turns.run('a', () => Promise.reject(new Error('no'))),
    turns.run('a', () => Promise.resolve('yes')),
  ]);

  expect(results).toEqual([
    { status: 'rejected', reason: new Error('no') },
    { status: 'fulfilled', value: 'yes' },
  ]);
});
