// Whether the OpenAI account can hold a call: key, models, and a real session with our settings, in which nothing is said.

import type { EndCall } from '../calls/end-call';
import type { Clock, Logger } from '../calls/ports';
import type { Config } from '../config/config';
import { askForModel, type ModelAnswer } from '../realtime/openai-models';
import { probeSession } from '../realtime/session-probe';
import { bounded, type Check, CHECK_LIMIT_MS, fail, type Finding, ok, once, skipped, warn } from './finding';
import { unreachable } from './unreachable';

// Before the check itself gives up.
const SESSION_LIMIT_MS = CHECK_LIMIT_MS - 500;

const NOBODY = 'doctor';

const SAME_KEY = 'because the key is not accepted';

const KEY_CURE = 'Create a new key in the OpenAI platform, API keys, and copy it whole.';

/** The key is wrong. */
export const REFUSED_OPENAI_KEY = fail('OpenAI does not accept OPENAI_API_KEY', KEY_CURE);

/** What the checks work with. */
export type OpenAiCheckDeps = {
  readonly clock: Clock;
  readonly log: Logger;
  readonly onAnswer: (headers: Headers) => void;
};

/** The checks of an account, one question each. */
export function openAiChecks(config: Pick<Config, 'openai' | 'behaviour'>, deps: OpenAiCheckDeps): readonly Check[] {
  const { model, transcriptionModel } = config.openai;
  const ask = (name: string): Promise<ModelAnswer> =>
    bounded(deps.clock, (signal) => askForModel({ ...config.openai, model: name, signal, onAnswer: deps.onAnswer }));
  const about = (answer: Promise<ModelAnswer>, asked: AskedModel): Promise<readonly Finding[]> =>
    answer.then((given) => [modelFinding(given, asked)], cannotAsk);
  const key = { name: model, setting: 'OPENAI_REALTIME_MODEL', refusedKey: REFUSED_OPENAI_KEY };
  const transcription = {
    name: transcriptionModel,
    setting: 'OPENAI_TRANSCRIPTION_MODEL',
    refusedKey: skipped(SAME_KEY),
  };
  const askForKey = once(() => ask(model));
  const session = async (): Promise<readonly Finding[]> => {
    const findings = await sessionFindings(config, deps);
    const isOpened = findings.every(({ state }) => state !== 'fail');
    const cause = isOpened ? undefined : await askForKey().then((given) => causeIn(given, model), nothing);
    return cause === undefined ? findings : [skipped(cause)];
  };
  return [
    { name: 'OpenAI key', run: () => about(askForKey(), key) },
    { name: 'OpenAI transcription', run: () => about(ask(transcriptionModel), transcription) },
    { name: 'OpenAI session', run: session },
  ];
}

/** What is said of the key already, and keeps sessions from being opened. */
function causeIn(answer: ModelAnswer, model: string): string | undefined {
  if (answer.kind === 'available') return undefined;
  if (answer.httpStatus === 401) return SAME_KEY;
  return answer.httpStatus === 404 ? `because the account has no ${model}` : undefined;
}

function nothing(): undefined {
  return undefined;
}

type AskedModel = { readonly name: string; readonly setting: string; readonly refusedKey: Finding };

function modelFinding(answer: ModelAnswer, { name, setting, refusedKey }: AskedModel): Finding {
  if (answer.kind === 'available') {
    if (answer.shutdownDate === undefined) return ok(`accepted, ${name} is there`);
    return warn(`${name} will be switched off on ${answer.shutdownDate}`, `Choose a newer ${setting} before that.`);
  }
  const { httpStatus, errorCode } = answer;
  const said = `OpenAI answered ${httpStatus}${errorCode === undefined ? '' : ` (${errorCode})`}`;
  if (httpStatus === 401) return refusedKey;
  if (httpStatus === 403) {
    return warn(`the key may not read models: ${said}`, 'Allow it to, or go by the session below.');
  }
  if (httpStatus === 404) return fail(`the account has no ${name}`, `Choose another ${setting}.`);
  return fail(said, 'Try again later; status.openai.com says more.');
}

function cannotAsk(error: unknown): readonly Finding[] {
  const { found, cure } = unreachable(error);
  return [fail(`OpenAI cannot be asked: ${found}`, `${cure} OPENAI_BASE_URL says where it is.`)];
}

async function sessionFindings(
  { openai, behaviour }: Pick<Config, 'openai' | 'behaviour'>,
  { clock, log }: OpenAiCheckDeps,
): Promise<readonly Finding[]> {
  const settings = {
    ...openai,
    ...behaviour,
    instructions: '',
    tools: [],
    safetyIdentifier: NOBODY,
    readyTimeoutMs: SESSION_LIMIT_MS,
  };
  const probe = await probeSession(settings, { clock, log });
  if ('verdict' in probe) return [sessionFailure(probe.verdict)];
  return [ok(`${openai.model} with ${openai.voice} and ${openai.audioFormat}, ready in ${probe.connectMs} ms`)];
}

function sessionFailure({ reason, message, details }: EndCall): Finding {
  const facts = Object.values(details);
  const found = `no session: ${message.replace(/\.$/, '')}${facts.length === 0 ? '' : ` (${facts.map(String).join(', ')})`}`;
  if (reason === 'ai-unauthorized') return fail(found, 'Check the key, its credit and OPENAI_REALTIME_MODEL.');
  if (reason === 'ai-refused-session') {
    return fail(found, 'Check OPENAI_VOICE, OPENAI_AUDIO_FORMAT, OPENAI_TRANSCRIPTION_MODEL and turn detection.');
  }
  return fail(found, 'Check the network, WebSockets included; status.openai.com says more.');
}
