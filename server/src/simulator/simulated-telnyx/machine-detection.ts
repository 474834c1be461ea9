/** Answering machine detection of one leg: which findings the mode of the dial lets through, and under which name. */
import type { DialBody } from './api-schemas';
import type { MachineDetectionEvent, MachineFinding, PhoneScript } from './phone-script';

const HUMAN_AFTER_MS = 1_000;

/** Sends the webhooks of detection; without a mode it sends none. */
export class MachineDetector {
  readonly #mode: NonNullable<DialBody['answering_machine_detection']>;
  readonly #publish: (eventType: string, fields: object) => void;
  #isGreetingOver = false;

  constructor(mode: DialBody['answering_machine_detection'], publish: (eventType: string, fields: object) => void) {
    this.#mode = mode ?? 'disabled';
    this.#publish = publish;
  }

  /** What a script has detection find at set times after the answer. */
  planned(script: PhoneScript): readonly MachineDetectionEvent[] {
    if (script.machineDetection !== undefined) return script.machineDetection;
    if (script.steps?.some((step) => step.do === 'machine') === true) return [];
    const result = this.#mode === 'premium' ? 'human_residence' : 'human';
    return [{ afterMs: HUMAN_AFTER_MS, kind: 'detection', result }];
  }

  /** Tells the server of a finding, if a detection in this mode would. */
  report(finding: MachineFinding): void {
    if (!this.#isReported(finding)) return;
    if (finding.kind === 'greeting') this.#isGreetingOver = true;
    const family = this.#mode === 'premium' ? 'call.machine.premium' : 'call.machine';
    this.#publish(`${family}.${finding.kind}.ended`, { result: finding.result });
  }

  #isReported({ kind, result }: MachineFinding): boolean {
    // A beep before the detection ends it: then only the greeting is reported.
    if (this.#mode === 'disabled' || this.#isGreetingOver) return false;
    if (kind === 'detection') return true;
    return this.#mode === 'detect_beep' ? result === 'beep_detected' : this.#mode !== 'detect';
  }
}
