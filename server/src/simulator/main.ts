// `npm run simulator`: a phone network and an AI on fixed ports, for trying the server with curl and no account.
//   --env   only prints the settings that point the server at them, for `> .env`

import { farEndSettings } from './far-end-settings';
import { SimulatedOpenai } from './simulated-openai/simulated-openai';
import { MACHINE_BEEP, type PhoneScript, type PhoneStep } from './simulated-telnyx/phone-script';
import type { SimulatedLeg } from './simulated-telnyx/simulated-leg';
import { SimulatedTelnyx } from './simulated-telnyx/simulated-telnyx';
import { clip, voices } from './voices/voices';

const TELNYX_PORT = 4010;
const OPENAI_PORT = 4011;
const SERVER_PORT = 3000;
const RING_MS = 2_000;

// As long as a timer can be: some 24 days.
const FOREVER_MS = 2 ** 31 - 1;

// Some ten minutes of talk: longer than anybody tries things out.
const ROUNDS = 60;

/** The callee asks, listens to the answer and asks again, until one side hangs up. */
const ROUND: readonly PhoneStep[] = [
  { do: 'wait-for-speech', timeoutMs: 15_000 },
  { do: 'wait-for-silence', silenceMs: 900, timeoutMs: 30_000 },
  { do: 'say', clip: 'callee-question' },
];

const TALKATIVE: PhoneScript = { ringMs: RING_MS, steps: Array.from({ length: ROUNDS }, () => ROUND).flat() };

/** Numbers at which something else happens than an ordinary call. */
const SPECIAL_NUMBERS: Readonly<Record<string, { readonly what: string; readonly script: PhoneScript }>> = {
  '+12025550181': { what: 'is busy', script: { outcome: 'busy', ringMs: RING_MS } },
  '+12025550182': { what: 'does not answer (rings for 45 s)', script: { outcome: 'no-answer' } },
  '+12025550183': { what: 'declines the call', script: { outcome: 'reject', ringMs: RING_MS } },
  '+12025550184': { what: 'does not exist', script: { outcome: 'not-found' } },
  '+12025550185': {
    what: 'answers, but its media stream never works',
    script: { ringMs: RING_MS, stream: { kind: 'fails' } },
  },
  '+12025550186': { what: 'hangs up after the greeting', script: hangsUpAfterGreeting() },
  '+12025550187': { what: 'is an answering machine', script: answeringMachine() },
};

/** Announces itself, beeps, records, and never hangs up. */
function answeringMachine(): PhoneScript {
  return {
    ringMs: RING_MS,
    machineDetection: [],
    steps: [
      { do: 'say', clip: 'callee-hello' },
      { do: 'machine', kind: 'detection', result: 'machine' },
      { do: 'say', clip: 'callee-goodbye' },
      MACHINE_BEEP,
      { do: 'machine', kind: 'greeting', result: 'beep_detected' },
      { do: 'wait', ms: FOREVER_MS },
    ],
  };
}

function hangsUpAfterGreeting(): PhoneScript {
  return {
    ringMs: RING_MS,
    steps: [
      { do: 'wait-for-speech' },
      { do: 'wait-for-silence', silenceMs: 900 },
      { do: 'say', clip: 'callee-goodbye' },
      { do: 'hang-up' },
    ],
  };
}

async function main(): Promise<void> {
  const isEnvOnly = process.argv.includes('--env');
  const port = (fixed: number): number => (isEnvOnly ? 0 : fixed);
  const telnyx = await SimulatedTelnyx.start({
    port: port(TELNYX_PORT),
    clip: (name) => clip(name, 8000),
    isRecorded: false,
  });
  const openai = await SimulatedOpenai.start({ port: port(OPENAI_PORT), keepsAudio: false });
  if (isEnvOnly) {
    console.log(envLines(telnyx, openai));
    await Promise.all([telnyx.close(), openai.close()]);
    return;
  }
  openai.setDefaultScript({
    turns: [{ say: [{ clip: 'ai-greeting' }] }],
    otherwise: { say: [{ clip: 'ai-long' }] },
    // Words that were ordered are a tone: no voice has recorded them.
    exact: { toneHz: 440, msPerCharacter: 60 },
    hears: Array.from({ length: ROUNDS }, () => voices.get('callee-question')?.text ?? ''),
  });
  telnyx.setDefaultScript(TALKATIVE);
  for (const [number, { script }] of Object.entries(SPECIAL_NUMBERS)) telnyx.script(number, script);
  console.log(banner(telnyx, openai));
  void narrate(telnyx);
  const stop = (): void => void Promise.all([telnyx.close(), openai.close()]).then(() => process.exit(0));
  process.once('SIGINT', stop).once('SIGTERM', stop);
}

/** Says what each phone does, one line a change. */
async function narrate(telnyx: SimulatedTelnyx): Promise<void> {
  for (;;) {
    const leg = await telnyx.nextLeg({}, FOREVER_MS);
    tell(leg, 'dialled');
    void leg.until('answered', FOREVER_MS).then(() => tell(leg, 'answered'), ignore);
    void leg.until('ended', FOREVER_MS).then(() => tell(leg, `ended (${leg.hangupCause ?? ''})`), ignore);
  }
}

function tell(leg: SimulatedLeg, what: string): void {
  console.log(`${new Date().toISOString().slice(11, 23)}  ${leg.to}  ${what}`);
}

/** A phone that is never answered rejects the wait for its answer when it ends. */
function ignore(): void {}

function envLines(telnyx: SimulatedTelnyx, openai: SimulatedOpenai): string {
  const settings = {
    PORT: SERVER_PORT,
    BASE_PUBLIC_URL: `http://127.0.0.1:${SERVER_PORT}`,
    ...farEndSettings(telnyx, openai),
    // Whoever tries things out calls one number again and again, and has their tools on this machine.
    CALLS_PER_DESTINATION_PER_HOUR: 1_000,
    ALLOW_PRIVATE_URLS: true,
    TOOL_SECRET_HOSTS: '127.0.0.1,localhost',
    // Where they will be, when they only print these lines now.
    TELNYX_BASE_URL: `http://127.0.0.1:${TELNYX_PORT}/v2`,
    OPENAI_BASE_URL: `http://127.0.0.1:${OPENAI_PORT}/v1`,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n');
}

function banner(telnyx: SimulatedTelnyx, openai: SimulatedOpenai): string {
  const numbers = Object.entries(SPECIAL_NUMBERS).map(([number, { what }]) => `  ${number}  ${what}`);
  return [
    `Simulated Telnyx on ${telnyx.apiBaseUrl}, simulated OpenAI on ${openai.apiBaseUrl}.`,
    '',
    'Put these lines into .env and start the server in another terminal:',
    '',
    envLines(telnyx, openai),
    '',
    'Every number answers and talks, but for these:',
    ...numbers,
    '',
    'Ctrl-C stops it.',
    '',
  ].join('\n');
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
