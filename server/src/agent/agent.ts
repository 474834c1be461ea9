// The AI's conduct in one call: opens the conversation, keeps it going, uses tools, and ends it. Each of these is a
// class of its own; the agent gives them the line, tells them what happens on it, and sees that they do not collide.

import type { CallControls, VoiceLine, VoiceLineListener } from '../calls/agent-ports';
import type { Call } from '../calls/call';
import type {
  AnnouncedTransfer,
  CarrierStream,
  Conversation,
  MachineNews,
  OrderRefusal,
  SayRequest,
} from '../calls/conversation-ports';
import type { ConversationEvent, Talking } from '../calls/conversation-events';
import type { Clock, Logger } from '../calls/ports';
import type { EndReason } from '../calls/end-call';
import type { ToolCall, ToolDeclaration } from '../calls/speech';
import { builtInTools, type EndCallRequest } from '../tools/built-in-tools';
import type { Tool } from '../tools/tool';
import { ToolRegistry } from '../tools/tool-registry';
import { ToolRunner } from '../tools/tool-runner';
import { AnsweringMachine } from './answering-machine';
import { Farewell } from './farewell';
import { Keypad } from './keypad';
import { Limits } from './limits';
import { Listening } from './listening';
import { Outage } from './outage';
import { PickUp } from './pick-up';
import { SayQueue } from './say-queue';
import { Transfers } from './transfers';

/** What an agent works with. */
export type AgentDeps = {
  readonly controls: CallControls;
  readonly clock: Clock;
  readonly log: Logger;
  /** The user's tools; the built-in ones come beside. */
  readonly ownTools: readonly Tool[];
  readonly openLine: (listener: VoiceLineListener, tools: readonly ToolDeclaration[]) => VoiceLine;
};

/** The conversation of one call. */
export class Agent implements Conversation, VoiceLineListener {
  readonly #controls: CallControls;
  readonly #line: VoiceLine;
  readonly #tools: ToolRunner;
  readonly #pickUp: PickUp;
  readonly #farewell: Farewell;
  readonly #transfers: Transfers;
  readonly #keypad: Keypad;
  readonly #machine: AnsweringMachine;
  readonly #limits: Limits;
  readonly #outage: Outage;
  readonly #says: SayQueue;
  readonly #listening: Listening;
  readonly #opening: Call['behaviour']['opening'];
  /** A machine has taken the place of the callee. */
  #isTakenOver = false;
  #isSilenceInOrder = false;

  constructor(call: Call, deps: AgentDeps) {
    const { controls, clock, log } = deps;
    const { behaviour, greeting } = call;
    this.#controls = controls;
    this.#opening = behaviour.opening;
    const registry = new ToolRegistry(builtInTools(this.#actions(), builtInOptions(call)), deps.ownTools);
    const line = deps.openLine(this, registry.declarations());
    this.#line = line;
    const report = (event: ConversationEvent): void => this.onEvent(event);
    this.#listening = new Listening(line);
    const setWaiting = (isOn: boolean): void => this.#listening.set('tool', isOn);
    const isSilenced = (): boolean => this.#limits.isLeaving;
    this.#tools = new ToolRunner({ registry, line, clock, log, report, setWaiting, isSilenced });
    const setListening = (isOn: boolean): void => this.#listening.set('opening', isOn);
    this.#pickUp = new PickUp({ ...behaviour, greeting }, { clock, line, setListening });
    this.#farewell = new Farewell({ clock, line, controls });
    this.#transfers = new Transfers({ line, controls, onChanged: () => this.#onTransferChanged() });
    const onDigits = (digits: string): void => this.#onDigits(digits);
    this.#keypad = new Keypad({ clock, onKey: () => this.#onKey(), onDigits });
    this.#machine = new AnsweringMachine(
      { mode: behaviour.answeringMachine, message: behaviour.voicemailMessage },
      { clock, line, controls, onTakeOver: () => this.#onMachine() },
    );
    const farewell = this.#farewell;
    const onLast = (): void => this.#listening.set('farewell', true);
    this.#limits = new Limits(call, { clock, log, line, controls, farewell, report, onLast });
    const isMissed = (): boolean => this.#isMissed;
    this.#outage = new Outage({ clock, log, line, controls, isMissed, onChanged: () => this.#updateSilence() });
    this.#says = new SayQueue({ line, report });
  }

  get closed(): boolean {
    return this.#line.closed;
  }

  get isStreaming(): boolean {
    return this.#line.isStreaming;
  }

  get talking(): Talking {
    const { isAiHeard, isCalleeSpeaking } = this.#line;
    if (isAiHeard) return isCalleeSpeaking ? 'both' : 'assistant';
    return isCalleeSpeaking ? 'callee' : 'nobody';
  }

  open(): void {
    this.#line.open();
  }

  attach(stream: CarrierStream): void {
    this.#line.attach(stream);
  }

  interrupt(): boolean {
    return this.#line.interrupt('api');
  }

  say(request: SayRequest): OrderRefusal | undefined {
    if (this.#isEnding) return 'ending';
    if (request.timing === 'next-pause' && this.#says.isFull) return 'busy';
    this.#says.say(request);
    return undefined;
  }

  setInstructions(instructions: string): void {
    this.#line.setInstructions(instructions);
  }

  transfer(request: AnnouncedTransfer): OrderRefusal | undefined {
    return this.#isEnding ? 'ending' : this.#transfers.byOrder(request);
  }

  onCarrierDigit(digit: string): void {
    this.#keypad.onCarrierDigit(digit);
  }

  onMachine(news: MachineNews): void {
    this.#machine.onNews(news);
  }

  leave(reason: EndReason): void {
    if (this.#isTakenOver) return this.#machine.hurry();
    this.#transfers.cancel();
    if (this.#line.isStreaming && this.#outage.isAiThere) this.#limits.leave(reason);
    else this.#controls.end(reason);
  }

  close(): void {
    if (this.#line.closed) return;
    try {
      for (const part of [this.#pickUp, this.#farewell, this.#tools, this.#transfers, this.#keypad]) part.close();
      for (const part of [this.#machine, this.#limits, this.#outage, this.#says]) part.close();
    } finally {
      this.#line.close();
    }
  }

  whenSettled(): Promise<void> {
    return this.#line.whenSettled();
  }

  onReady(): void {
    this.#outage.onReady();
    this.#pickUp.onReady();
  }

  onStreamStarted(): void {
    this.#limits.start();
    if (this.#opening !== 'silent') this.#outage.onPickedUp();
    this.#pickUp.onStreamStarted();
    this.#noteSilence();
  }

  onCalleeStarted(): void {
    this.#limits.silence.onSpeech();
    this.#limits.silence.onCalleeSpoke();
    this.#farewell.onCalleeStarted();
    this.#pickUp.onCalleeStarted();
    this.#machine.onCalleeStarted();
  }

  onCalleeStopped(): void {
    this.#machine.onCalleeStopped();
    this.#pickUp.onCalleeStopped();
    this.#noteSilence();
  }

  onAiStarted(): void {
    this.#limits.silence.onSpeech();
    this.#pickUp.onAiStarted();
  }

  onAiQuiet(): void {
    this.#limits.onAiQuiet();
    this.#noteSilence();
  }

  onToolCall(call: ToolCall): void {
    if (this.#isTakenOver) return;
    this.#tools.run(call);
    this.#updateSilence();
  }

  onAiLost(): void {
    this.#outage.onLost();
  }

  onAiResumed(): void {
    this.#outage.onResumed();
  }

  onDigit(digit: string): void {
    this.#keypad.onStreamDigit(digit);
  }

  onEvent(event: ConversationEvent): void {
    // The first words of a call in which the callee speaks first are no greeting.
    if (this.#opening === 'greet' || event.type !== 'greeting.started') this.#controls.report(event);
    if (event.type === 'tool.finished') this.#updateSilence();
    if (event.type === 'usage.added') this.#limits.cost.onCharge(event.charge);
  }

  /** Nobody speaks any more: silence is measured from here, and whatever waits for a pause has its turn. */
  #noteSilence(): void {
    if (this.#line.isCalleeSpeaking || this.#line.isAiSpeaking) return;
    this.#limits.silence.onQuiet();
    this.#says.onPause();
  }

  /** Nothing can be ordered any more. */
  get #isEnding(): boolean {
    return this.#isTakenOver || this.#farewell.isFinal || this.#limits.isFinishing;
  }

  /** Somebody waits for the AI, and not for a machine, another party or the end. */
  get #isMissed(): boolean {
    return !this.#isTakenOver && !this.#transfers.isUnderWay && !this.#limits.isLeaving;
  }

  /** Whoever is being connected is not hung up on. */
  #onTransferChanged(): void {
    if (this.#transfers.isUnderWay) this.#farewell.cancel();
    this.#updateSilence();
  }

  /** While something is under way, nobody wonders about silence. */
  #updateSilence(): void {
    const isInOrder = this.#tools.isBusy || this.#transfers.isUnderWay || this.#outage.isLost;
    if (isInOrder === this.#isSilenceInOrder) return;
    this.#isSilenceInOrder = isInOrder;
    if (isInOrder) this.#limits.silence.suspend();
    else this.#limits.silence.resume();
  }

  /** A key silences the AI, as in every phone menu, and keeps a call whose goodbye is said, as a word does. */
  #onKey(): void {
    this.#limits.silence.onSpeech();
    this.#limits.silence.onCalleeSpoke();
    this.#farewell.onCalleeStarted();
    if (!this.#isTakenOver) this.#line.interrupt('callee');
  }

  #onDigits(digits: string): void {
    this.onEvent({ type: 'dtmf.received', digits });
    if (this.#isEnding) return;
    this.#line.tell('user', `[I pressed these keys on my phone: ${digits.split('').join(' ')}]`);
    void this.#line.speak({ content: { kind: 'answer' }, mayUseTools: true, isMootWhenAnswered: true });
  }

  /** From here on the line belongs to whoever deals with the machine. */
  #onMachine(): void {
    this.#isTakenOver = true;
    this.#listening.claim('machine');
    this.#transfers.cancel();
    for (const part of [this.#pickUp, this.#farewell, this.#tools]) part.close();
    for (const part of [this.#limits, this.#outage, this.#says]) part.close();
  }

  #actions(): Parameters<typeof builtInTools>[0] {
    return {
      endCall: (request) => this.#endCall(request),
      transfer: (request) => this.#transfers.byTool(request),
      sendDigits: (digits) => this.#controls.sendDigits(digits),
      remainingMs: () => this.#controls.remainingMs(),
    };
  }

  /** Nobody is hung up on while they are connected with somebody else, or while another tool still works for them. */
  async #endCall(request: EndCallRequest): Promise<'ended' | 'canceled'> {
    // Without a pause when there is none: the response in which it was said may be over with the next event.
    const transfer = this.#transfers.isUnderWay && (await this.#transfers.whenSettled());
    if (transfer) return transfer.status === 'bridged' ? 'ended' : 'canceled';
    return this.#farewell.hangUpAfter(request.responseId, () => this.#tools.whenOthersDone(request));
  }
}

function builtInOptions({ behaviour }: Call): Parameters<typeof builtInTools>[1] {
  return { names: behaviour.builtInTools, transferTargets: behaviour.transferTargets };
}
