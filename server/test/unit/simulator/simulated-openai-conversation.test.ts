/** The simulated OpenAI's rules for truncating, deleting and ordering conversation items. */
import { ClientMistake } from '../../../src/simulator/simulated-openai/client-mistake';
import { Conversation, type ConversationItem } from '../../../src/simulator/simulated-openai/conversation';

function spoken(id: string, audioMs: number): ConversationItem {
  return { id, type: 'message', role: 'assistant', status: 'completed', text: 'Hello.', isAudio: true, audioMs };
}

function written(id: string, role: 'user' | 'assistant'): ConversationItem {
  return { id, type: 'message', role, status: 'completed', text: 'Hello.', isAudio: false, audioMs: 0 };
}

function conversationOf(...items: ConversationItem[]): Conversation {
  const conversation = new Conversation('conv_1');
  for (const item of items) conversation.add(item);
  return conversation;
}

function cut(itemId: string, audioEndMs: number): { itemId: string; contentIndex: number; audioEndMs: number } {
  return { itemId, contentIndex: 0, audioEndMs };
}

describe('truncating', () => {
  it('keeps what was heard and forgets the transcript', () => {
    const conversation = conversationOf(spoken('a', 1000));

    conversation.truncate(cut('a', 400));

    expect(conversation.items).toMatchObject([{ truncatedToMs: 400, text: '' }]);
    expect(conversation.tokens()).toEqual({ text: 0, audio: 8 });
  });

  it('may happen at 0 and at the very end', () => {
    const conversation = conversationOf(spoken('a', 1000), spoken('b', 1000));

    conversation.truncate(cut('a', 0));
    conversation.truncate(cut('b', 1000));

    expect(conversation.items.map((item) => item.truncatedToMs)).toEqual([0, 1000]);
  });

  it('is refused beyond the audio there is, in the words that clients look for', () => {
    const conversation = conversationOf(spoken('a', 9250));

    expect(() => conversation.truncate(cut('a', 57_340))).toThrow(
      'Audio content of 9250ms is already shorter than 57340ms',
    );
    conversation.truncate(cut('a', 400));
    expect(() => conversation.truncate(cut('a', 500))).toThrow('Audio content of 400ms is already shorter than 500ms');
  });

  it.each([
    ['a user item', written('a', 'user')],
    ['a restored assistant text', written('a', 'assistant')],
    ['an item that has no audio yet', spoken('a', 0)],
  ])('is refused for %s', (_, item) => {
    expect(() => conversationOf(item).truncate(cut('a', 0))).toThrow(
      'Only model output audio messages can be truncated',
    );
  });

  it('is refused for an item that is not there or is deleted', () => {
    const conversation = conversationOf(spoken('a', 1000));
    conversation.delete('a');

    const refusal = expect.objectContaining({ code: 'item_truncate_invalid_item_id' });
    expect(() => conversation.truncate(cut('a', 10))).toThrow(refusal);
    expect(() => conversation.truncate(cut('x', 10))).toThrow(ClientMistake);
  });
});

describe('items', () => {
  it('are put where the client wants them', () => {
    const conversation = conversationOf(written('a', 'user'), written('b', 'user'));

    const first = conversation.add(written('c', 'user'), 'root');
    const middle = conversation.add(written('d', 'user'), 'a');

    expect([first, middle]).toEqual([null, 'a']);
    expect(conversation.items.map(({ id }) => id)).toEqual(['c', 'a', 'd', 'b']);
    expect(() => conversation.add(written('e', 'user'), 'gone')).toThrow('Item with item_id not found: gone');
  });

  it('are deleted once, and stay visible to tests', () => {
    const conversation = conversationOf(spoken('a', 1000), written('b', 'user'));

    conversation.delete('a');

    expect(conversation.items).toMatchObject([{ id: 'a', deleted: true }, { id: 'b' }]);
    expect(conversation.tokens()).toEqual({ text: 2, audio: 0 });
    expect(() => conversation.delete('a')).toThrow(expect.objectContaining({ code: 'item_delete_invalid_item_id' }));
  });
});
