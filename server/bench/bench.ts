// The bench: measures what has a budget, prints it as tables and writes it as JSON to bench-results/.
// npm run bench -- [--only PART,PART] [--skip-load] [--calls N] [--seconds N] [--ramp]

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { wholeNumber } from './arguments';
import { budgets, budgetTable, type Measured } from './budgets';
import { conversationTable, runConversation } from './conversation';
import { loadTable, runLoad } from './load';
import { machine } from './machine';
import { microTable, runMicro } from './micro';
import { mixedTable, runMixed } from './mixed';
import { qualityTable, runQuality } from './quality';
import { runStart, startTable } from './start';

const PARTS = ['micro', 'quality', 'conversation', 'start', 'mixed', 'load'] as const;
const RESULTS_FOLDER = 'bench-results';

type Part = (typeof PARTS)[number];
type Settings = {
  readonly parts: readonly Part[];
  readonly calls?: number;
  readonly seconds?: number;
  readonly ramp: 'yes' | 'no';
};

async function main(): Promise<void> {
  const settings = readSettings();
  const about = machine();
  print(`${about.cpu}, ${about.cores} cores, Node ${about.node}, ${about.os}\n`);
  const measured = await measure(settings);
  const figures = budgets(measured);
  print(`Budgets\n\n${budgetTable(figures)}`);
  const at = new Date().toISOString();
  const file = join(RESULTS_FOLDER, `${at.slice(0, 19).replaceAll(':', '-')}.json`);
  mkdirSync(RESULTS_FOLDER, { recursive: true });
  writeFileSync(file, `${JSON.stringify({ at, machine: about, budgets: figures, ...measured }, null, 2)}\n`);
  print(file);
}

/** One part after the other, as they would disturb each other. */
async function measure({ parts, ...load }: Settings): Promise<Measured> {
  const micro = parts.includes('micro') ? await runMicro() : undefined;
  if (micro) print(microTable(micro));
  const quality = parts.includes('quality') ? await runQuality() : undefined;
  if (quality) print(qualityTable(quality));
  const conversation = parts.includes('conversation') ? await runConversation() : undefined;
  if (conversation) print(conversationTable(conversation));
  const start = parts.includes('start') ? await runStart(tell) : undefined;
  if (start) print(startTable(start));
  const mixed = parts.includes('mixed') ? await runMixed({ ...load, tell }) : undefined;
  if (mixed) print(mixedTable(mixed));
  const report = parts.includes('load') ? await runLoad({ ...load, tell }) : undefined;
  if (report) print(loadTable(report));

  return { micro, quality, conversation, start, mixed, load: report };
}

function readSettings(): Settings {
  const { values } = parseArgs({
    options: {
      'skip-load': { type: 'boolean', default: false },
      only: { type: 'string' },
      calls: { type: 'string' },
      seconds: { type: 'string' },
      ramp: { type: 'boolean', default: false },
    },
  });
  const wanted = values.only?.split(',');
  const chosen = PARTS.filter((part) => wanted?.includes(part) ?? true);
  if (wanted && chosen.length < wanted.length) throw new Error(`--only takes some of ${PARTS.join(',')}.`);

  return {
    parts: values['skip-load'] ? chosen.filter((part) => part !== 'load' && part !== 'mixed') : chosen,
    ramp: values.ramp ? 'yes' : 'no',
    ...(values.calls !== undefined && { calls: wholeNumber('--calls', values.calls) }),
    ...(values.seconds !== undefined && { seconds: wholeNumber('--seconds', values.seconds) }),
  };
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
