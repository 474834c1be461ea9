// The conversation as it is told: turns, what happened between them, and who is just talking.

import { type CallStory, interruptionWords, type StoryLine } from './call-story.ts';
import { byId, element, KeyedList, type Row, setAttribute, setText } from './dom.ts';
import { timeOfDay } from './format.ts';
import type { PageState } from './state.ts';
import { isOver, type Turn } from './wire.ts';

const SPEAKERS: Readonly<Record<Turn['speaker'], string>> = { callee: 'Callee', assistant: 'AI' };

// So near the end, the reader follows what is said and wants to see the next line, too.
const FOLLOWING_PX = 60;

// What comes sooner was said before the call was chosen: a screen reader is to read what is new, not all of it at once.
const HISTORY_MS = 1_500;

/** The story of the chosen call. */
export class StoryView {
  readonly #root = byId('story', HTMLElement);
  readonly #lines: KeyedList<StoryLine>;
  readonly #empty = element('p', { class: 'empty' });
  /** Told by the lanes already, and no news to a screen reader. */
  readonly #now = element('p', { class: 'line now', 'aria-hidden': 'true' }, [element('time'), element('b'), ' …']);
  #shown: CallStory | undefined;
  #chosenId: string | undefined;
  #chosenAtMs = 0;

  constructor() {
    const list = element('div');
    this.#lines = new KeyedList(list, ({ key }) => `${this.#chosenId}/${key}`, rowOf);
    this.#root.append(list, this.#now, this.#empty);
  }

  show({ chosenId, story, live, details }: PageState): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#root;
    const follows = chosenId !== this.#chosenId || scrollTop + clientHeight > scrollHeight - FOLLOWING_PX;
    if (chosenId !== this.#chosenId) this.#chosenAtMs = Date.now();
    this.#chosenId = chosenId;
    setAttribute(this.#root, 'aria-live', Date.now() - this.#chosenAtMs < HISTORY_MS ? 'off' : 'polite');
    const call = live.find(({ callId }) => callId === chosenId);
    this.#showNow(call?.talking === 'callee' || call?.talking === 'assistant' ? call.talking : undefined);
    const isSilent =
      details !== undefined && isOver(details.status) && !story.lines.some(({ kind }) => kind === 'turn');
    setText(this.#empty, isSilent ? 'Nothing was said.' : '');
    if (story === this.#shown) return;
    this.#shown = story;
    this.#lines.show(story.lines);
    if (follows) this.#root.scrollTop = this.#root.scrollHeight;
  }

  #showNow(speaker: Turn['speaker'] | undefined): void {
    this.#now.classList.toggle('silent', speaker === undefined);
    this.#now.dataset['speaker'] = speaker ?? '';
    const name = this.#now.querySelector('b');
    if (name) setText(name, speaker ? SPEAKERS[speaker] : '');
  }
}

function rowOf(line: StoryLine): Row<StoryLine> {
  const iso = new Date(line.atMs).toISOString();
  const time = element('time', { datetime: iso }, [timeOfDay(iso)]);
  const update = (): void => undefined;
  if (line.kind === 'note') {
    return { node: element('p', { class: 'line happened' }, [time, ' ', element('span', {}, [line.words])]), update };
  }
  const { turn } = line;
  const interruption = interruptionWords(turn);
  const words = turn.text.trim() === '' ? element('i', {}, ['words not known']) : turn.text;
  const parts = [element('span', { class: 'words' }, [words]), ...(interruption ? [' ', cutMark(interruption)] : [])];
  const attributes = { class: 'line turn', 'data-speaker': turn.speaker };
  return {
    node: element('p', attributes, [
      time,
      ' ',
      element('b', {}, [SPEAKERS[turn.speaker]]),
      ' ',
      element('span', {}, parts),
    ]),
    update,
  };
}

function cutMark(words: string): HTMLElement {
  return element('span', { class: 'cut' }, [words]);
}
