// Everything that this process says: what it writes to both outputs and the console, and its warnings.

type Sink = { write: (chunk: never, ...rest: never[]) => boolean };

/** Collects it from `start` to `stop`; nothing of it is shown meanwhile. */
export class CapturedOutput {
  #text = '';
  readonly #undo: (() => void)[] = [];

  static start(): CapturedOutput {
    const output = new CapturedOutput();
    const { _stdout, _stderr } = console as unknown as { readonly _stdout?: Sink; readonly _stderr?: Sink };
    for (const sink of new Set([process.stdout, process.stderr, _stdout, _stderr])) {
      if (sink) output.#takeOver(sink);
    }
    for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
      const spy = jest
        .spyOn(console, method)
        .mockImplementation((...parts) => output.#add(parts.map(String).join(' ')));
      output.#undo.push(() => spy.mockRestore());
    }
    const onWarning = (warning: Error): void => output.#add(warning.stack ?? String(warning));
    process.on('warning', onWarning);
    output.#undo.push(() => void process.off('warning', onWarning));
    return output;
  }

  /** What was said so far. */
  get text(): string {
    return this.#text;
  }

  stop(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }

  #takeOver(sink: Sink): void {
    const { write } = sink;
    sink.write = (chunk: unknown) => {
      this.#add(String(chunk));
      return true;
    };
    this.#undo.push(() => void (sink.write = write));
  }

  #add(text: string): void {
    this.#text += `${text}\n`;
  }
}
