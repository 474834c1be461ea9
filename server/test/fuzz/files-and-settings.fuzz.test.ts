// What an operator writes: settings, the tools file, the do-not-call list. Whatever stands there is used, or refused with
// the name of the setting and without its value.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { DoNotCallFile } from '../../src/app/do-not-call-file';
import { SYSTEM_CLOCK } from '../../src/app/system-clock';
import { ConfigError, loadConfig, SETTING_NAMES } from '../../src/config/config';
import { SILENT_LOGGER } from '../../src/observability/logger';
import { readToolFile } from '../../src/tools/tool-file';
import { budget, countRun, LIMIT_MS, tellCounts } from './fuzz-budget';
import { CANARY, type Json, jsonText, mutated, oddText } from './hostile-values';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ai-calls-fuzz-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  tellCounts();
});

const SOUND: Readonly<Record<string, string>> = {
  BASE_PUBLIC_URL: 'https://calls.example.com',
  TELNYX_API_KEY: 'KEY0123',
  TELNYX_PUBLIC_KEY: Buffer.alloc(32, 1).toString('base64'),
  TELNYX_CONNECTION_ID: '1',
  TELNYX_FROM_NUMBER: '+12025550100',
  OPENAI_API_KEY: 'sk-test',
};

const someText = fc.oneof(
  oddText(),
  fc.constantFrom(
    '1',
    'true',
    '-1',
    '1e9',
    'https://',
    'postgres://u:p@h/d',
    'US,,',
    'whsec_',
    '/dev/null',
    folderOf(),
  ),
  fc.constantFrom('a:b', ':', ',,,', 'crm:', `crm:${CANARY}${CANARY}`).map((text) => `${text}${CANARY}`),
);

/** Something that is there, and no file. */
function folderOf(): string {
  return tmpdir();
}

test(
  'settings of any content are taken, or refused by name and without their values',
  () => {
    const name = fc.oneof(
      fc.constantFrom(...SETTING_NAMES),
      fc.constantFrom('TOOL_KEY', '__proto__', 'TOOL_', 'tool_a'),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(name, someText), { minLength: 1, maxLength: 5 }), (changes) => {
        countRun('settings');
        try {
          loadConfig(Object.fromEntries([...Object.entries(SOUND), ...changes]));
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
          const { problems, message } = error as ConfigError;
          const names = [...changes.map(([changed]) => changed), ...SETTING_NAMES];
          for (const problem of problems) expect(names.some((each) => problem.startsWith(each))).toBe(true);
          expect(message).not.toContain(CANARY);
        }
      }),
      budget(1_500),
    );
  },
  LIMIT_MS,
);

const TOOLS: Json = [
  {
    name: 'find_order',
    description: 'Finds an order.',
    url: 'https://tools.example.com/orders',
    method: 'POST',
    headers: { 'x-key': '${TOOL_KEY}', 'x-other': `secret-${CANARY}` },
    timeoutMs: 5_000,
    parameters: {
      type: 'object',
      properties: {
        id: { type: 'string' },
        list: { type: 'array', items: { anyOf: [{ type: 'number' }, { type: 'null' }] } },
      },
      required: ['id'],
      additionalProperties: false,
    },
  },
];

test(
  'a tools file of any content is read, or refused without a word of what stands in it',
  () => {
    const path = join(folder, 'tools.json');
    fc.assert(
      fc.property(jsonText(mutated(fc.constant(TOOLS))), (text) => {
        countRun('tools files');
        writeFileSync(path, text);
        try {
          expect(readToolFile(path)).toEqual(expect.any(Array));
        } catch (error) {
          expect(error).not.toBeInstanceOf(RangeError);
          expect(error).not.toBeInstanceOf(TypeError);
          const { message, cause } = error as Error;
          expect(message).toContain('The tools file');
          expect(message).not.toContain(CANARY);
          expect(String(cause)).not.toContain(CANARY);
        }
        expect('polluted' in {}).toBe(false);
      }),
      budget(400),
    );
  },
  LIMIT_MS,
);

test(
  'a do-not-call list of any content is read, or refused by its lines alone',
  async () => {
    const path = join(folder, 'do-not-call.txt');
    const line = fc.oneof(
      fc.constantFrom(
        '+12025550123',
        '+1 (202) 555-0123',
        '# a comment',
        '',
        '+44 (0) 20 7946 0000',
        '+',
        '+1234567890123456',
      ),
      oddText(),
      fc.string({ unit: 'binary', maxLength: 30 }),
    );
    const content = fc.oneof(
      fc.array(line, { maxLength: 20 }).map((lines) => Buffer.from(lines.join('\n'))),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc.array(line, { maxLength: 5 }).map((lines) => Buffer.from(lines.join('\r\n'), 'utf16le')),
    );
    await fc.assert(
      fc.asyncProperty(content, async (bytes) => {
        countRun('do-not-call lists');
        writeFileSync(path, bytes);
        try {
          const list = await DoNotCallFile.open(path, { clock: SYSTEM_CLOCK, log: SILENT_LOGGER });
          for (const number of ['+12025550123', '', '+', '__proto__', 'NaN'])
            expect([true, false]).toContain(list.isOnList(number));
          list.close();
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
          expect((error as ConfigError).message).not.toContain(CANARY);
          expect((error as ConfigError).message.replace('+12025550123', '')).not.toMatch(/\d{7}/);
        }
      }),
      budget(300),
    );
  },
  LIMIT_MS,
);
