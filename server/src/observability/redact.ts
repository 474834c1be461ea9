// What never reaches a log: numbers, words and secrets. By the name of the field, and by the look of the value.

const HIDDEN = '[redacted]';

/** Fields that hold personal data, wherever they stand. */
const HIDDEN_FIELDS = new Set([
  'to',
  'from',
  'instructions',
  'greeting',
  'text',
  'transcript',
  'metadata',
  'statuscallbackurl',
  'behaviour',
  'digits',
  'argumentsjson',
  'output',
  'announcement',
  'words',
  // Of requests to the user's endpoints.
  'body',
]);

/** Fields that hold secrets, whatever a library puts in front of these words. */
const SECRET_FIELD = /(token|secret|password|cookie|apikey|authorization)$/;

// Values that slip through in another field, such as an error message of a library. Digits inside an id (a UUID may end
// in twelve of them) are none of a number.
const LOOKS_PERSONAL = [
  /(?<![\w-])\+?\d{9,15}(?![\w-])/g,
  /\+\d[\d ().-]{6,20}\d/g,
  /(?<![\w-])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-])/g,
  /(?<=Bearer\s+)\S+/gi,
  // User and password of an address, a database's for example.
  /(?<=:\/\/)[^\s/@]*:[^\s/]*(?=@)/g,
  /(?<![\w-])(?:sk|ek)[-_][\w-]{8,}/g,
  /(?<![\w-])KEY[0-9A-Z][\w-]{15,}/g,
];

const MAX_DEPTH = 6;

/** A copy of `value` that is fit to be logged; errors become plain objects. */
export function redacted(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return LOOKS_PERSONAL.reduce((text, pattern) => text.replace(pattern, HIDDEN), value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '[too deep]';
  if (value instanceof Date) return value.toISOString();
  // Audio, most likely: never logged.
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof Error) return redactedError(value, depth);
  if (Array.isArray(value)) return value.map((entry) => redacted(entry, depth + 1));
  const entries = Object.entries(value).map(([name, entry]): [string, unknown] => [
    name,
    isHidden(name) ? HIDDEN : redacted(entry, depth + 1),
  ]);
  return Object.fromEntries(entries);
}

function isHidden(name: string): boolean {
  const plain = name.toLowerCase().replace(/[-_]/g, '');
  return HIDDEN_FIELDS.has(plain) || SECRET_FIELD.test(plain);
}

/** The stack and the causes, without the fields that libraries hang onto errors (requests, headers, bodies). */
function redactedError(error: Error, depth: number): Record<string, unknown> {
  const code: unknown = 'code' in error ? error.code : undefined;
  return {
    name: error.name,
    message: redacted(error.message, depth + 1),
    ...(typeof code === 'string' ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: redacted(error.stack, depth + 1) }),
    ...(error.cause === undefined ? {} : { cause: redacted(error.cause, depth + 1) }),
  };
}
