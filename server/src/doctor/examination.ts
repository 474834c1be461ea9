// All checks in the order of their lines: first this machine, then the settings, then everything that they lead to.

import { defaultBehaviour } from '../app/conversations';
import { identityOf } from '../app/identity';
import type { Clock } from '../calls/ports';
import { TelnyxAccount } from '../carriers/telnyx/telnyx-account';
import { type Config, ConfigError, loadConfig } from '../config/config';
import { SILENT_LOGGER } from '../observability/logger';
import { unknownSettings } from '../config/unknown-settings';
import { certificateCheck } from './certificate-check';
import { clockCheck } from './clock-check';
import { dataChecks } from './data-checks';
import { doorCheck, FrontDoor } from './door';
import { type Check, fail, type Finding, once, skipped } from './finding';
import { machineChecks, openFilesCheck } from './machine-checks';
import { openAiChecks, REFUSED_OPENAI_KEY } from './openai-checks';
import { publicUrlChecks } from './public-url-checks';
import { ServerDates } from './server-dates';
import { settingsCheck, unknownSettingFindings } from './settings-checks';
import type { System } from './system';
import { REFUSED_TELNYX_KEY, telnyxChecks } from './telnyx-checks';

/** What is examined, and on what. */
export type ExaminationDeps = {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The names in the env file. */
  readonly fileNames: readonly string[];
  readonly system: System;
  readonly clock: Clock;
};

/** Checks that are under way. */
export type Examination = {
  /** In the order of the report; each with its findings to come. */
  readonly checks: readonly { readonly name: string; readonly findings: Promise<readonly Finding[]> }[];
  /** Lets go of the port and everything else. */
  readonly close: () => void;
};

/** Starts all checks at once. */
export function examine({ environment, fileNames, system, clock }: ExaminationDeps): Examination {
  const unknown = unknownSettings({ fileNames, environment });
  const config = settingsOf(environment);
  const machine = begun(machineChecks(system));
  if (config instanceof ConfigError) {
    const problems = config.problems.map((problem) => settingProblem(problem, environment));
    const settings = [...problems, ...unknownSettingFindings(unknown)];
    const rest = { name: 'the rest', findings: Promise.resolve([skipped('because the settings are not complete')]) };
    const checks = [...machine, { name: 'settings', findings: Promise.resolve(settings) }, rest];
    return { checks, close: () => undefined };
  }
  const identity = identityOf(config);
  const door = new FrontDoor(config, { clock, log: SILENT_LOGGER, identity });
  const farEnds = farEndChecks(config, clock);
  const checks = begun([
    settingsCheck(config, { ...system, unknown, clock }),
    openFilesCheck(system, config.access),
    ...dataChecks(config.records, system, clock),
    ...farEnds,
    doorCheck(door, () => isKeyRefused(farEnds)),
    ...publicUrlChecks(config, { clock, identity, door: () => door.open() }),
    certificateCheck(config, clock),
  ]);
  return { checks: [...machine, ...checks], close: () => door.close() };
}

function farEndChecks(config: Config, clock: Clock): readonly Check[] {
  const dates = { Telnyx: new ServerDates(clock), OpenAI: new ServerDates(clock) };
  const account = new TelnyxAccount(config.telnyx, (headers) => dates.Telnyx.note(headers));
  const checks = [
    ...telnyxChecks(account, config, clock),
    ...openAiChecks(config, { clock, log: SILENT_LOGGER, onAnswer: (headers) => dates.OpenAI.note(headers) }),
  ].map(onlyOnce);
  return [...checks, clockCheck(dates, () => Promise.all(checks.map(({ run }) => run())))];
}

async function isKeyRefused(checks: readonly Check[]): Promise<boolean> {
  const findings = await Promise.all(checks.map(({ run }) => run()));
  return findings.flat().some((finding) => finding === REFUSED_TELNYX_KEY || finding === REFUSED_OPENAI_KEY);
}

/** Asking for what a check has found does not start it again. */
function onlyOnce({ name, run }: Check): Check {
  return { name, run: once(run) };
}

function begun(checks: readonly Check[]): Examination['checks'] {
  return checks.map(({ name, run }) => ({ name, findings: run().catch(couldNotCheck) }));
}

/** A fault of the doctor says nothing about the patient, and hides nothing. */
function couldNotCheck(error: unknown): readonly Finding[] {
  const what = error instanceof Error ? error.message : String(error);
  return [fail(`could not be checked: ${what}`, 'This is a fault of the check itself: please report it.')];
}

/** The settings, the file of tools included, or everything that is wrong with them. */
function settingsOf(environment: ExaminationDeps['environment']): Config | ConfigError {
  try {
    const config = loadConfig(environment);
    defaultBehaviour(config);
    return config;
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

/** `NAME: is not set: cure`, or `NAME: cure`. */
function settingProblem(problem: string, environment: ExaminationDeps['environment']): Finding {
  const [, name = 'a setting', cure = problem] = /^(\w+): (?:is not set: )?(.*)$/s.exec(problem) ?? [];
  const isSet = (environment[name] ?? '').trim() !== '';
  return fail(`${name} ${isSet ? 'is not right' : 'is not set'}`, `${name}: ${cure}.`);
}
