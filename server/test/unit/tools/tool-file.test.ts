import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readToolFile } from '../../../src/tools/tool-file';

const TOOL = { name: 'find_order', description: 'Finds an order.', url: 'https://example.com/orders' };

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tool-file-'));
  path = join(folder, 'tools.json');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function read(content: unknown) {
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return readToolFile(path);
}

test('reads tools, with defaults filled in', () => {
  expect(read([TOOL, { ...TOOL, name: 'book', method: 'PUT' }])).toMatchObject([
    { name: 'find_order', method: 'POST', timeoutMs: 10_000 },
    { name: 'book', method: 'PUT' },
  ]);
  expect(read([])).toEqual([]);
});

test('lists everything that is wrong, with its place', () => {
  const tools = [
    { ...TOOL, name: 'a b', headers: { Host: 'x', key: '${PATH}' } },
    TOOL,
    { ...TOOL, timeout: 5 },
    TOOL,
    'no tool',
  ];

  expect(() => read(tools)).toThrow(
    [
      `The tools file ${path} cannot be used:`,
      '  [0].name: may have 64 letters, digits, hyphens and underscores',
      '  [0].headers.Host: must not name a header of the connection: leave it out',
      '  [0].headers.key: may only use variables that start with TOOL_, such as ${TOOL_API_KEY}',
      '  [2].timeout: is not a known field',
      '  [3].name: is the name of another tool, too: "find_order"',
      '  [4]: must be a JSON object',
    ].join('\n'),
  );
});

test.each([
  ['{"name":"a"}', 'must be a JSON array of tools'],
  ['[', 'is not valid JSON'],
])('refuses %s', (content, message) => {
  expect(() => read(content)).toThrow(message);
});

test('what is no JSON is refused by its place, and nothing of the file is quoted', () => {
  expect(() => read('[{"headers":{"x-key":"s3cr3t" "b":1}}]')).toThrow('is not valid JSON: wrong at position 30');
  expect(() => read('s3cr3t')).not.toThrow('s3cr3t');
});

test('refuses more tools than a call may have', () => {
  const tools = Array.from({ length: 33 }, (_, index) => ({ ...TOOL, name: `tool_${index}` }));

  expect(() => read(tools)).toThrow('may have 32 tools, and has 33');
});

test('a file that is not there is an error that names it', () => {
  expect(() => readToolFile(path)).toThrow(`The tools file ${path} cannot be used:\n  cannot be read`);
});
