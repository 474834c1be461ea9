// What the AI is told to say when nobody has given it the words: directions beside the call's own instructions, which
// decide on language and tone.

/** Opens the conversation while the phone rings, or with the first moment of the line. */
export const OPEN_CONVERSATION = 'The callee has just picked up the phone. Open the conversation.';

/** Opens it after the callee has spoken. */
export const ANSWER_HELLO = 'The callee has picked up the phone and spoken first. Open the conversation.';

/** After a long silence of both sides. */
export const ASK_STILL_THERE =
  'Nobody has said anything for a while. Ask in one short sentence whether the other person is still there.';

/** When the silence went on. */
export const LEAVE_SILENT_CALLEE =
  'The other person does not answer any more. Say in one or two short sentences that you will hang up now, and goodbye.';

/** When the model wants to hang up and has said nothing. */
export const SAY_GOODBYE = 'The conversation is over. Say goodbye in one short sentence.';

/** When the maximum duration of the call is reached. */
export const TIME_IS_UP =
  'The time for this call is over. Say in one short sentence that you have to hang up now, and goodbye.';

/** When the call has cost nearly what it may cost. */
export const MONEY_IS_RUNNING_OUT =
  'This call has to end soon. Come to an end within your next one or two answers, without giving a reason, and begin ' +
  'nothing new.';

/** When it has cost that. */
export const HAVE_TO_GO = 'You have to end this call now. Say in one short sentence that you have to go, and goodbye.';

/** When the server stops. */
export const LINE_CLOSES =
  'This line closes now for maintenance. Say in one short sentence that you are sorry, that you have to hang up, and ' +
  'goodbye.';

/** Before the callee is connected with somebody else. */
export const ANNOUNCE_TRANSFER = 'Tell the other person in one short sentence that you are connecting them now.';

/** Some time before the end. */
export function timeIsRunningOut(remainingMs: number): string {
  const seconds = Math.max(1, Math.round(remainingMs / 1000));
  return `This call ends in ${seconds} seconds. Tell the other person in one short sentence, and come to an end.`;
}

/** After a transfer that did not work. */
export function explainFailedTransfer(reason: string): string {
  return `The transfer did not work: ${reason}. Tell the other person, and go on with the conversation.`;
}
