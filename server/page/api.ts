// Requests to the server's API. The key is in memory and in one header, nowhere else that leaves this page.

/** As the browser's own. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

type Problem = {
  readonly code?: unknown;
  readonly title?: unknown;
  readonly detail?: unknown;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
};

const NO_ANSWER = 'The server does not answer.';

// A database that does not answer is told after a few seconds; what takes longer than this hangs.
const REQUEST_LIMIT_MS = 20_000;

/** The server said no, or nothing at all; the message is for the operator. */
export class ApiError extends Error {
  constructor(
    message: string,
    /** Of the answer; 0 when there was none. */
    readonly status: number,
    readonly code: string,
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** True when the same request may work a moment later. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** True when the key, or this machine, is not let in. */
export function isRefusal(error: unknown): error is ApiError {
  return error instanceof ApiError && (error.status === 401 || error.code === 'LOOPBACK_ONLY');
}

/** What an event stream is opened with. */
export type StreamRequest = { readonly signal: AbortSignal; readonly lastEventId?: string | undefined };

/** The API of one server. */
export class Api {
  readonly #fetch: Fetch;
  readonly #base: string;
  #key: string | undefined;

  /** `base` is the address of the page: a proxy may have put a path in front of it. */
  constructor(fetcher: Fetch, base: string) {
    this.#fetch = fetcher;
    this.#base = base;
  }

  /** Uses a key from now on, or none. */
  useKey(key: string | undefined): void {
    this.#key = key;
  }

  /** @throws ApiError */
  async get<T>(path: string): Promise<T> {
    return read<T>(await this.#ask(path, {}));
  }

  /** Whatever the status says: for GET /ready, which answers 503 with what is the matter. @throws ApiError */
  async look<T>(path: string): Promise<T> {
    return read<T>(await this.#send(path, {}));
  }

  /** @throws ApiError */
  async post<T>(path: string, body: unknown): Promise<T> {
    const headers = { 'Content-Type': 'application/json' };
    return read<T>(await this.#ask(path, { method: 'POST', headers, body: JSON.stringify(body) }));
  }

  /** @throws ApiError */
  async bytes(path: string, signal: AbortSignal): Promise<ArrayBuffer> {
    return (await this.#ask(path, { signal })).arrayBuffer();
  }

  /** The open answer; undefined when the server says that there is nothing to wait for. @throws ApiError */
  async stream(path: string, request: StreamRequest): Promise<ReadableStream<Uint8Array> | undefined> {
    const { signal, lastEventId } = request;
    const headers = new Headers({ Accept: 'text/event-stream' });
    if (lastEventId !== undefined) headers.set('Last-Event-ID', lastEventId);
    const answer = await this.#ask(path, { signal, headers });
    return answer.status === 204 ? undefined : (answer.body ?? undefined);
  }

  async #ask(path: string, init: RequestInit): Promise<Response> {
    const answer = await this.#send(path, init);
    if (answer.ok) return answer;
    throw await errorOf(answer);
  }

  async #send(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.#key !== undefined) headers.set('Authorization', `Bearer ${this.#key}`);
    try {
      const signal = init.signal ?? AbortSignal.timeout(REQUEST_LIMIT_MS);
      return await this.#fetch(this.#addressOf(path), {
        ...init,
        headers,
        signal,
        credentials: 'omit',
        redirect: 'error',
      });
    } catch {
      // The browser says nothing more than that it did not work.
      throw noAnswer();
    }
  }

  /** Below the page, whatever the path is: the key goes to nobody else. */
  #addressOf(path: string): string {
    return new URL(`./${path.replace(/^\/+/, '')}`, this.#base).href;
  }
}

async function read<T>(answer: Response): Promise<T> {
  try {
    return (await answer.json()) as T;
  } catch {
    // It broke off, or comes from somebody before our server.
    throw noAnswer();
  }
}

function noAnswer(): ApiError {
  return new ApiError(NO_ANSWER, 0, 'NO_ANSWER');
}

async function errorOf(answer: Response): Promise<ApiError> {
  const problem = await problemOf(answer);
  const fields = (problem.errors ?? []).map(({ field, message }) => `${field} ${message}`).join('; ');
  const said = [fields, problem.detail, problem.title].find((text) => typeof text === 'string' && text !== '');
  const message = typeof said === 'string' ? said : `The server answered ${answer.status}.`;
  return new ApiError(message, answer.status, typeof problem.code === 'string' ? problem.code : '');
}

async function problemOf(answer: Response): Promise<Problem> {
  try {
    const body: unknown = await answer.json();
    return typeof body === 'object' && body !== null ? body : {};
  } catch {
    // Not from our server: a proxy has words of its own.
    return {};
  }
}
