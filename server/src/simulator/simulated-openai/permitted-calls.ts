/** Which of a turn's tool calls the model makes: only what it was given, and nothing when told so. */
import type { AiFunctionCall, AiTurn } from './ai-script';
import type { ToolChoice, Tools } from './session-schemas';

/** The tools that a response may use. */
export type ToolSettings = { readonly tools: Tools; readonly choice: ToolChoice };

/** Returns the calls of a turn that the settings allow, in order. */
export function permittedCalls(turn: AiTurn, { tools, choice }: ToolSettings): readonly AiFunctionCall[] {
  const planned = [...(turn.functionCall === undefined ? [] : [turn.functionCall]), ...(turn.functionCalls ?? [])];
  // Who must use a remote tool cannot call a function instead.
  if (choice === 'none' || (typeof choice === 'object' && choice.type === 'mcp')) return [];
  const only = typeof choice === 'object' ? choice.name : undefined;
  return planned.filter(
    ({ name }) =>
      tools.some((tool) => tool.type === 'function' && tool.name === name) && (only === undefined || only === name),
  );
}
