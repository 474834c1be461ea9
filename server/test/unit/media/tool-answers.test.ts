// Results of tools on their way to the model: given at once, and waited for until the server has them.

import { ToolAnswers } from '../../../src/media/tool-answers';
import { FakeRealtimeSession } from '../../support/fakes';
import { settle } from '../../support/manual-clock';
import { settlementsOf } from './settlements';

let session: FakeRealtimeSession;
let answers: ToolAnswers;

beforeEach(() => {
  session = new FakeRealtimeSession();
  answers = new ToolAnswers(session);
});

test('sends the result at once', () => {
  void answers.give('tool-1', '{"ok":true}');

  expect(session.commands).toEqual([{ type: 'tool-answer', toolCallId: 'tool-1', output: '{"ok":true}' }]);
});

test('keeps waiting until the server has the result', async () => {
  const taken = settlementsOf(answers.give('tool-1', 'yes'));
  await settle();
  expect(taken).toHaveLength(0);

  answers.onTaken('tool-1');
  await settle();

  expect(taken).toHaveLength(1);
});

test('tells the results of several tools apart', async () => {
  const first = settlementsOf(answers.give('tool-1', 'one'));
  const second = settlementsOf(answers.give('tool-2', 'two'));

  answers.onTaken('tool-2');
  await settle();

  expect([first.length, second.length]).toEqual([0, 1]);
});

test('takes an acknowledgement that comes before the command has returned', async () => {
  session.answerTool = (toolCallId) => answers.onTaken(toolCallId);

  const taken = settlementsOf(answers.give('tool-1', 'yes'));
  await settle();

  expect(taken).toHaveLength(1);
});

test('is not confused by acknowledgements of what it never sent', async () => {
  const taken = settlementsOf(answers.give('tool-1', 'yes'));

  answers.onTaken('tool-9');
  await settle();

  expect(taken).toHaveLength(0);
});

test('lets nobody wait when there will be no acknowledgement any more', async () => {
  const taken = [answers.give('tool-1', 'one'), answers.give('tool-2', 'two')].map(settlementsOf);

  answers.close();
  await settle();

  expect(taken.map(({ length }) => length)).toEqual([1, 1]);
});
