// The key between two loads of this tab: in its session storage at most, which ends with the tab.

const NAME = 'ai-calls.key';

/** As the browser's sessionStorage. */
export type Storage = {
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
  removeItem(name: string): void;
};

/** Where the key of this tab is kept. */
export class KeyStore {
  /** Browsers may forbid even to look at it. */
  readonly #storage: () => Storage;

  constructor(storage: () => Storage) {
    this.#storage = storage;
  }

  read(): string | undefined {
    return this.#guarded(() => this.#storage().getItem(NAME) ?? undefined);
  }

  keep(key: string): void {
    this.#guarded(() => this.#storage().setItem(NAME, key));
  }

  forget(): void {
    this.#guarded(() => this.#storage().removeItem(NAME));
  }

  /** Browsers may forbid it; then the key is asked for again. */
  #guarded<T>(use: () => T): T | undefined {
    try {
      return use();
    } catch {
      // Nothing to be done: the page works without it.
      return undefined;
    }
  }
}
