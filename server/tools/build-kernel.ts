// Assembles server/src/audio/polyphase.wat into polyphase-wasm.ts. A unit test holds the two together, so that what
// runs is what the repository shows the source of.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import loadAssembler from 'wabt';

const AUDIO_DIR = join(__dirname, '../src/audio');

/** The binary of the kernel, base64. */
export async function assembleKernel(): Promise<string> {
  const assembler = await loadAssembler();
  const parsed = assembler.parseWat('polyphase.wat', readFileSync(join(AUDIO_DIR, 'polyphase.wat'), 'utf8'), {
    simd: true,
  });
  try {
    return Buffer.from(parsed.toBinary({}).buffer).toString('base64');
  } finally {
    parsed.destroy();
  }
}

function moduleText(base64: string): string {
  const lines = base64.match(/.{1,100}/g) ?? [];
  return [
    '// Made from polyphase.wat by `npm run build:kernel`: do not edit.',
    '',
    '/** The WebAssembly binary of the polyphase kernel, base64. */',
    'export const POLYPHASE_WASM = [',
    ...lines.map((line) => `  '${line}',`),
    `].join('');`,
    '',
  ].join('\n');
}

async function main(): Promise<void> {
  writeFileSync(join(AUDIO_DIR, 'polyphase-wasm.ts'), moduleText(await assembleKernel()));
}

if (require.main === module) void main();
