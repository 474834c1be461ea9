// What the model is told when a conversation goes on after a fault, so that the callee notices as little as possible.

// Enough to find the place in a sentence.
const TAIL_CHARS = 200;

/** A session that takes the place of a lost one. */
export const RESUMED_NOTE =
  'The connection was interrupted for a moment and is back. Go on with the conversation where it is: do not greet again, ' +
  'do not introduce yourself again, and do not mention the interruption unless you are asked about it.';

/** Has the AI finish what a fault cut off; `said` is what the callee hears of it. */
export function goOnAfter(said: string): string {
  const tail = said.trim().slice(-TAIL_CHARS);
  return (
    'A technical fault cut you off in the middle of what you were saying. The person on the phone has heard you up to: ' +
    `${JSON.stringify(tail)}. Go on exactly there, in one flow, with the words that come next: repeat nothing, do not ` +
    'greet again, and do not mention the fault.'
  );
}

/** Has the AI do what it was about to do when a fault cut it off behind a whole sentence. */
export function goOnWithToolAfter(said: string): string {
  const tail = said.trim().slice(-TAIL_CHARS);
  return (
    `A technical fault cut you off just after you said: ${JSON.stringify(tail)}. If you were about to use a tool, use it ` +
    'now, without another word. If not, say a few words that fit and leave the turn to the person on the phone. Do not ' +
    'mention the fault.'
  );
}

/** The callee could not hear anything for a while. */
export function lineGapNote(gapMs: number): string {
  const seconds = Math.max(1, Math.round(gapMs / 1_000));
  return `The phone line was interrupted for ${seconds} ${seconds === 1 ? 'second' : 'seconds'} and is back.`;
}

/** Has the AI finish what a fault of the line cut off. */
export const GO_ON_AFTER_LINE_GAP =
  'The phone line was interrupted while you were speaking, and is back. Pick up what you were saying where the person on ' +
  'the phone last heard you, in one short flow: do not begin anew and do not greet again.';

/** Less was heard of something than the model was told. */
export function heardOnlyNote(text: string, heard: string): string {
  const what = JSON.stringify(text.trim().slice(-TAIL_CHARS));
  if (heard.trim() === '') return `The person on the phone did not hear you say ${what}.`;
  return `When you said ${what}, you were interrupted: the last that was heard is ${JSON.stringify(heard.trim().slice(-TAIL_CHARS))}.`;
}
