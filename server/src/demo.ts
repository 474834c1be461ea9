// `npm run demo`: one complete call, from POST to goodbye, through the real server between a simulated phone network
// and a simulated AI. No account, no key, no network.

import { join } from 'node:path';
import { compose } from './app/compose';
import { type RunningServer, start } from './app/lifecycle';
import { loadConfig } from './config/config';
import { startCalendar } from './demo/calendar';
import { CallPrinter } from './demo/call-printer';
import { DEMO_CALLEE, demoRequest } from './demo/demo-call';
import { printSummary } from './demo/summary';
import { SILENT_LOGGER } from './observability/logger';
import { farEndSettings } from './simulator/far-end-settings';
import { freePort } from './simulator/free-port';
import { demoAiScript } from './simulator/simulated-openai/scripts';
import { SimulatedOpenai } from './simulator/simulated-openai/simulated-openai';
import { SimulatedTelnyx } from './simulator/simulated-telnyx/simulated-telnyx';
import { clip } from './simulator/voices/voices';

const DATA_DIR = join('data', 'demo');

// Twice what the call takes.
const CALL_LIMIT_MS = 90_000;

async function main(): Promise<boolean> {
  const telnyx = await SimulatedTelnyx.start({ clip: (name) => clip(name, 8000), isCostReported: true });
  const openai = await SimulatedOpenai.start();
  telnyx.setDefaultScript(DEMO_CALLEE);
  openai.setDefaultScript(demoAiScript);
  const printer = new CallPrinter((line) => console.log(line));
  const calendar = await startCalendar();
  const server = await startServer(telnyx, openai, printer);
  try {
    const request = demoRequest(calendar.url);
    printer.intro(server.url, request);
    const callId = await placeCall(server.url, request);
    await printer.whenOver(CALL_LIMIT_MS);
    await telnyx.allLegsDown();
    const record: unknown = await (await fetch(`${server.url}/api/ai-calls/${callId}`)).json();
    return printSummary(record, { dataDir: DATA_DIR, print: (line) => console.log(line) });
  } finally {
    await server.stop(0);
    calendar.close();
    await Promise.all([telnyx.close(), openai.close()]);
  }
}

/** The server as `npm start` composes it, but for what is simulated and the quiet log. */
async function startServer(
  telnyx: SimulatedTelnyx,
  openai: SimulatedOpenai,
  printer: CallPrinter,
): Promise<RunningServer> {
  const port = await freePort();
  const config = loadConfig({
    PORT: String(port),
    BASE_PUBLIC_URL: `http://127.0.0.1:${port}`,
    ...farEndSettings(telnyx, openai),
    DATA_DIR,
    // It may be shown again and again, always to the same callee.
    CALLS_PER_DESTINATION_PER_HOUR: '10000',
    // The calendar is on this machine.
    ALLOW_PRIVATE_URLS: 'true',
  });
  return start(await compose(config, { log: SILENT_LOGGER, watchers: [printer] }));
}

async function placeCall(url: string, request: Readonly<Record<string, unknown>>): Promise<string> {
  const response = await fetch(`${url}/api/ai-calls/create`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  });
  const answer = (await response.json()) as { readonly callId?: string };
  if (response.status !== 201 || !answer.callId) throw new Error(`The server answered ${response.status}`);
  return answer.callId;
}

main().then(
  (isGood) => {
    process.exitCode = isGood ? 0 : 1;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
