// What the model is told of a speech that was cut off, and what is still let through of it.

import type { Correction } from '../../../src/media/barge-in';
import { Corrector } from '../../../src/media/corrector';
import { anItem } from '../../support/builders';
import { FakeRealtimeSession } from '../../support/fakes';

const ITEM = anItem();
const NEXT_ITEM = anItem({ itemId: 'item-b' });

let session: FakeRealtimeSession;
let corrector: Corrector;

beforeEach(() => {
  session = new FakeRealtimeSession();
  corrector = new Corrector(session);
});

function start(responseId = 'response-a', isUnwanted = false): void {
  corrector.onResponseStarted(responseId, isUnwanted);
}

function done(responseId = 'response-a'): void {
  corrector.onResponseDone(responseId);
}

function correction(kind: Correction['kind'], item = ITEM): Correction {
  const span = { item, heardMs: 412.9, sentMs: 800, generatedMs: 1_000, isFinished: true };
  return kind === 'truncate' ? { kind, item, heardMs: 412, span } : { kind, item, span };
}

describe('the response that is being made', () => {
  test('is known from its start to its end', () => {
    expect(corrector.isResponding).toBe(false);

    start();
    expect(corrector.isResponding).toBe(true);

    done();
    expect(corrector.isResponding).toBe(false);
  });

  test('does not end with another one', () => {
    start('response-a');
    start('response-b');

    done('response-a');

    expect(corrector.isResponding).toBe(true);
  });

  test('is let through as long as nobody cut it off', () => {
    start();

    expect(corrector.isDiscarded('response-a')).toBe(false);
  });

  test('is dropped from its first sound on when nobody wants it', () => {
    start('response-a', true);

    expect(corrector.isDiscarded('response-a')).toBe(true);
  });

  test('is dropped until it is done once it was cut off', () => {
    start();

    corrector.discardActive([]);
    expect(corrector.isDiscarded('response-a')).toBe(true);

    done();
    expect(corrector.isDiscarded('response-a')).toBe(false);
  });

  test('is the only one that a cut drops', () => {
    start('response-a');
    done('response-a');
    corrector.discardActive(['item-a']);

    start('response-b');

    expect(['response-a', 'response-b'].map((id) => corrector.isDiscarded(id))).toEqual([false, false]);
  });
});

describe('the correction', () => {
  test('of an item that was heard to its end says nothing', () => {
    start();

    corrector.correct(correction('keep'));
    done();

    expect(session.commands).toEqual([]);
  });

  test('of an item that was heard in part says how far, at once, also while it is being made', () => {
    start();

    corrector.correct(correction('truncate'));

    expect(session.commands).toEqual([{ type: 'truncate', item: ITEM, heardMs: 412 }]);
  });

  test('of an item that nobody heard deletes it, once it is made', () => {
    start();
    corrector.correct(correction('delete'));
    expect(session.commands).toEqual([]);

    done();

    expect(session.commands).toEqual([{ type: 'delete', itemId: 'item-a' }]);
  });

  test('of an item of an earlier response does not wait for the present one', () => {
    start('response-b');

    corrector.correct(correction('delete'));

    expect(session.commands).toEqual([{ type: 'delete', itemId: 'item-a' }]);
  });

  test('of several items that nobody heard deletes each', () => {
    start();
    corrector.correct(correction('delete'));
    corrector.correct(correction('delete', NEXT_ITEM));

    done();
    done();

    expect(session.of('delete').map(({ itemId }) => itemId)).toEqual(['item-a', 'item-b']);
  });
});

describe('what comes after a cut', () => {
  test('of an item that was dealt with changes nothing', () => {
    start();
    corrector.discardActive(['item-a']);

    corrector.dropLate(ITEM);
    done();

    expect(session.commands).toEqual([]);
  });

  test('of a new item deletes that, once, when the response is done', () => {
    start();
    corrector.discardActive(['item-a']);

    corrector.dropLate(NEXT_ITEM);
    corrector.dropLate(NEXT_ITEM);
    expect(session.commands).toEqual([]);
    done();

    expect(session.commands).toEqual([{ type: 'delete', itemId: 'item-b' }]);
  });

  test('is remembered over a second and a third cut of the same response', () => {
    start();
    corrector.discardActive(['item-a']);
    corrector.dropLate(NEXT_ITEM);
    corrector.discardActive([]);
    corrector.discardActive([]);

    corrector.dropLate(ITEM);
    corrector.dropLate(NEXT_ITEM);
    done();

    expect(session.commands).toEqual([{ type: 'delete', itemId: 'item-b' }]);
  });

  test('of a response that was not cut is none of its business', () => {
    start();

    corrector.dropLate(ITEM);
    done();

    expect(session.commands).toEqual([]);
  });
});
