// The routes that place, show and end calls, and those that steer one.

import { type Answer, json, type Operation, type RequestHeader } from './operation';
import { LIST_NOTES } from './request-notes';
import { listCallsSchema } from '../schemas';

const BASE = '/api/ai-calls';

const IDEMPOTENCY_KEY: RequestHeader = {
  name: 'Idempotency-Key',
  text: 'The same key with the same body finds the first call again instead of placing a second one.',
  schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,200}$' },
};

const CREATED: Answer = json('CallSummary', 'The call is recorded and is being dialled.', [
  'Location',
  'Idempotent-Replayed',
]);

const EXAMPLES = {
  shortest: { to: '+12025550123' },
  survey: {
    to: '+12025550123',
    instructions: 'You ask how the delivery went. Be brief, thank them, and say goodbye.',
    greeting: 'Hello, this is Anna of Example Deliveries. Do you have a moment?',
    answeringMachine: 'hang-up',
    maxDurationSeconds: 180,
    maxCostUsd: 0.5,
    metadata: { order: 'A-17' },
  },
  withTool: {
    to: '+12025550123',
    instructions: 'You help with orders.',
    tools: [
      {
        name: 'find_order',
        description: 'Finds an order by its number. Use it when the callee asks where their order is.',
        parameters: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
        url: 'https://example.com/tools/find-order',
        headers: { Authorization: 'Bearer ${TOOL_ORDERS_KEY}' },
        filler: 'One moment, I am looking that up.',
      },
    ],
  },
};

const PLACING: readonly Operation[] = [
  {
    method: 'post',
    path: `${BASE}/create`,
    operationId: 'createCall',
    tag: 'Calls',
    summary: 'Place a call',
    text: 'Calls the number and joins it to an AI of its own. Answered at once; the call goes on by itself.',
    access: 'key',
    headers: [IDEMPOTENCY_KEY],
    body: 'CreateCall',
    examples: EXAMPLES,
    answers: { 201: CREATED },
    problems: [
      'DESTINATION_NOT_ALLOWED',
      'PREMIUM_DESTINATION',
      'DO_NOT_CALL',
      'IDEMPOTENCY_KEY_REUSED',
      'TOO_MANY_CALLS',
      'CALL_RATE_EXCEEDED',
      'DESTINATION_LIMIT_REACHED',
      'KEY_LIMIT_REACHED',
      'REQUEST_ABANDONED',
      'DAILY_BUDGET_SPENT',
      'SERVER_DRAINING',
      'SERVER_OVERLOADED',
      'RECORDS_UNAVAILABLE',
      'AI_UNAVAILABLE',
    ],
  },
  {
    method: 'get',
    path: `${BASE}/status`,
    operationId: 'listCalls',
    tag: 'Calls',
    summary: 'List calls',
    text: 'The live calls of this server. With `status`, `to`, `since` or `cursor`: calls of all times, newest first.',
    access: 'key',
    query: { schema: listCallsSchema, notes: LIST_NOTES },
    answers: { 200: json('CallList', 'The calls.') },
    problems: ['CURSOR_INVALID', 'RECORDS_UNAVAILABLE'],
  },
  {
    method: 'get',
    path: `${BASE}/{callId}`,
    operationId: 'getCall',
    tag: 'Calls',
    summary: 'Show a call',
    text: 'Everything about one call: what was asked for, what was said, what it cost, and why it ended.',
    access: 'key',
    answers: { 200: json('Call', 'The call.') },
  },
  {
    method: 'post',
    path: `${BASE}/{callId}/hangup`,
    operationId: 'hangUpCall',
    tag: 'Calls',
    summary: 'Hang up',
    text: 'Ends the call: `completed`, or `canceled` before the answer.',
    access: 'key',
    answers: { 200: json('CallSummary', 'The call, which is over.') },
    problems: ['CALL_STATE_CONFLICT'],
  },
];

const STEERING: readonly Operation[] = [
  steering('interrupt', {
    operationId: 'interruptCall',
    summary: 'Silence the AI',
    text: 'What it was saying is cut off; the call goes on.',
    answers: { 200: json('InterruptedCall', 'The AI is silent.') },
  }),
  steering('say', {
    operationId: 'sayInCall',
    summary: 'Have the AI say something',
    body: 'Say',
    examples: { pause: { text: 'We have one minute left.', when: 'next-pause' } },
    answers: { 202: json('SaidCall', 'It will be said; `say.finished` in the timeline tells what became of it.') },
  }),
  steering('instructions', {
    operationId: 'instructCall',
    summary: 'Change the instructions',
    body: 'Instructions',
    examples: { append: { instructions: 'Offer a refund of 10 percent.', mode: 'append' } },
    answers: { 200: json('CallSummary', 'The instructions hold.') },
  }),
  steering('dtmf', {
    operationId: 'sendDigits',
    summary: 'Send touch tones',
    body: 'Digits',
    examples: { menu: { digits: '1w2#' } },
    answers: { 200: json('CallSummary', 'Telnyx plays them.') },
    problems: ['CARRIER_ERROR'],
  }),
  steering('transfer', {
    operationId: 'transferCall',
    summary: 'Transfer the callee',
    text: 'Connects the callee with somebody else. When that fails, they stay with the AI.',
    body: 'Transfer',
    examples: { desk: { to: '+12025550177', announcement: 'I am putting you through to the desk.' } },
    answers: { 202: json('CallSummary', 'It is under way; the timeline tells how it goes.') },
    problems: ['DESTINATION_NOT_ALLOWED', 'PREMIUM_DESTINATION', 'DO_NOT_CALL'],
  }),
];

/** The routes of calls. */
export const CALL_OPERATIONS: readonly Operation[] = [...PLACING, ...STEERING];

/** A command to a call whose AI and callee are joined: what all of them have. */
function steering(command: string, { problems = [], ...own }: Omit<Operation, 'method' | 'path' | 'tag' | 'access'>) {
  return {
    method: 'post',
    path: `${BASE}/{callId}/${command}`,
    tag: 'Conversation',
    access: 'key',
    ...own,
    problems: ['CALL_STATE_CONFLICT', ...problems],
  } as const;
}
