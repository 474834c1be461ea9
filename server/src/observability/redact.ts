// What never reaches a log: numbers, words and secrets. By the name of the field, and by the look of the value.

/** What stands in the place of what is hidden. */
export const HIDDEN = '[redacted]';

/** Fields that hold personal data, wherever they stand. */
const HIDDEN_FIELDS = new Set([
  'to',
  'from',
  'caller',
  'destination',
  'sipuri',
  'instructions',
  'prompt',
  'greeting',
  'voicemailmessage',
  'text',
  'content',
  'transcript',
  'metadata',
  'statuscallbackurl',
  'behaviour',
  'digits',
  'digit',
  'arguments',
  'argumentsjson',
  'args',
  'input',
  'output',
  'announcement',
  'say',
  'filler',
  'words',
  // Users make it up, out of a customer's number for example.
  'idempotencykey',
  // Of requests to the user's endpoints.
  'body',
  'headers',
  'query',
  'databaseurl',
]);

/** Fields that hold secrets or numbers, whatever a library puts in front of these words. */
const HIDDEN_ENDING =
  /(token|secrets?|password|passphrase|cookie|apikeys?|privatekey|authorization|signature|number|phone)$/;

// Values that slip through in another field, such as an error message of a library. Digits inside an id (a UUID may end
// in twelve of them) are none of a number.
const LOOKS_PERSONAL = [
  /(?<![\w-])\+?\d{9,15}(?![\w-])/g,
  /\+\d[\d ().-]{6,20}\d/g,
  /(?<![\w-])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-])/g,
  /(?<=Bearer\s+)\S+/gi,
  // User and password of an address, a database's for example.
  /(?<=:\/\/)[^\s/@]*:[^\s/]*(?=@)/g,
  // What stands behind the path of an address may be a secret of the user's.
  /(?<=:\/\/[^\s?#"'<>]*[?#])[^\s"'<>]+/g,
  // Whom a SIP or mail address belongs to.
  /(?<=\bsips?:)[^\s@<>]+(?=@)/gi,
  /(?<![\w.+-])[\w.+-]{1,64}(?=@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,})/gi,
  // JSON.parse quotes what it could not read, and a database the values that it would not take.
  /"[\s\S]{0,200}?"(?=(?:\.\.\.)? is not valid JSON)/g,
  /(?<=\bKey \([\w, ]{1,100}\)=\()[^\n]*(?=\))/g,
  /(?<=invalid input syntax for [\w ]{1,40}: )"[^\n]*"/g,
  /(?<![\w-])(?:sk|ek)[-_][\w-]{8,}/g,
  /(?<![\w-])KEY[0-9A-Z][\w-]{15,}/g,
];

const MAX_DEPTH = 6;

/** Longer than any stack; what strangers make longer is not worth the time to look through it. */
const MAX_LENGTH = 8_000;

/** A copy of `value` that is fit to be logged; errors become plain objects. */
export function redacted(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactedText(value);
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

function redactedText(value: string): string {
  const text = value.length > MAX_LENGTH ? `${value.slice(0, MAX_LENGTH)} [cut]` : value;
  return LOOKS_PERSONAL.reduce((hidden, pattern) => hidden.replace(pattern, HIDDEN), text);
}

function isHidden(name: string): boolean {
  const plain = name.toLowerCase().replace(/[-_]/g, '');
  return HIDDEN_FIELDS.has(plain) || HIDDEN_ENDING.test(plain);
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
