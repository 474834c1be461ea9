// The tools of one call, by name. A name belongs to one tool: two with the same would leave it to chance which one runs.

import { BUILT_IN_TOOLS } from '../calls/behaviour';
import type { ToolDeclaration } from '../calls/speech';
import type { Tool } from './tool';

const BUILT_IN_NAMES: ReadonlySet<string> = new Set(BUILT_IN_TOOLS);

/** Holds the tools of a call: those that come with the server, and the user's own. */
export class ToolRegistry {
  readonly #tools = new Map<string, Tool>();

  constructor(builtIn: readonly Tool[], own: readonly Tool[] = []) {
    for (const tool of builtIn) this.#add(tool);
    for (const tool of own) {
      // Also when that built-in tool is not in use: a name means the same in every call.
      if (BUILT_IN_NAMES.has(tool.name)) {
        throw new Error(`A tool must not be named "${tool.name}": the name belongs to a built-in tool.`);
      }
      this.#add(tool);
    }
  }

  get names(): readonly string[] {
    return [...this.#tools.keys()];
  }

  find(name: string): Tool | undefined {
    return this.#tools.get(name);
  }

  /** What the model is told, in the order in which the tools were given. */
  declarations(): readonly ToolDeclaration[] {
    return [...this.#tools.values()].map(({ name, description, jsonSchema }) => ({
      name,
      description,
      parameters: jsonSchema,
    }));
  }

  #add(tool: Tool): void {
    if (this.#tools.has(tool.name)) throw new Error(`There are two tools named "${tool.name}": rename one of them.`);
    this.#tools.set(tool.name, tool);
  }
}
