// The server's REST API as the soak uses it: an answer, or none while the server is down.

const LIMIT_MS = 15_000;

/** What came back; undefined when nobody answered. */
export type Answer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> } | undefined;

/** Sends a request; an answer that is not JSON has an empty body. */
export async function ask(
  url: string,
  request: {
    readonly method?: string;
    readonly body?: object;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): Promise<Answer> {
  const { method = request.body === undefined ? 'GET' : 'POST', body, headers } = request;
  try {
    const response = await fetch(url, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      signal: AbortSignal.timeout(LIMIT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: asObject(await response.text()) };
  } catch {
    // The server is being killed, or has not answered in time: whoever asks decides what that means.
    return undefined;
  }
}

function asObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // A page of another kind, such as text.
    return {};
  }
}
