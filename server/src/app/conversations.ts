// Builds the conversation of one call: an agent on a voice line, the line between the carrier's stream and a realtime
// session, and the user's tools beside the built-in ones.

import { createHmac } from 'node:crypto';
import { Agent } from '../agent/agent';
import { bytesPerMs } from '../audio/audio-format';
import type { CallControls, OpenConversation, VoiceLine, VoiceLineListener } from '../calls/agent-ports';
import type { CallBehaviour, HttpToolDefinition } from '../calls/behaviour';
import { DEFAULT_BEHAVIOUR } from '../calls/behaviour';
import type { Call } from '../calls/call';
import { guardedClock } from '../calls/fault-guard';
import type { Clock, Logger } from '../calls/ports';
import { secretNames } from '../calls/tool-schema';
import { type Config, ConfigError } from '../config/config';
import { CallRecorder, type CallRecorderDeps } from '../media/recording/call-recorder';
import { MediaBridge } from '../media/media-bridge';
import type { MediaClock } from '../media/media-clock';
import { SteadySession } from '../media/session/steady-session';
import { aiFormat, requestedFormat } from '../media/stream/stream-format';
import type { WavFiles } from '../recordings/wav-files';
import { OpenAiRealtime } from '../realtime/openai-realtime';
import { httpTool } from '../tools/http-tool';
import type { Tool } from '../tools/tool';
import { readToolFile } from '../tools/tool-file';
import type { ToolDeclaration } from '../calls/speech';
import { withCallId } from './call-logger';

/** What conversations are built from. */
export type ConversationParts = {
  readonly config: Config;
  readonly clock: Clock;
  readonly mediaClock: MediaClock;
  readonly log: Logger;
  /** Where the audio of calls is kept. */
  readonly recordings: Pick<WavFiles, 'open'>;
};

/** How the AI behaves in calls that do not say otherwise, with the tools of TOOLS_FILE. @throws ConfigError */
export function defaultBehaviour({ behaviour, tools }: Config): CallBehaviour {
  return { ...DEFAULT_BEHAVIOUR, ...behaviour, tools: fileTools(tools) };
}

/** Makes the conversations of a server. */
export function conversations(parts: ConversationParts): OpenConversation {
  return (call, controls) => openConversation(parts, call, controls);
}

function openConversation(parts: ConversationParts, call: Call, controls: CallControls): Agent {
  const log = withCallId(parts.log, call.callId);
  // Whatever goes wrong in one conversation ends that call, and nothing else.
  const clock = guardedClock(parts.clock, (error) => {
    log.error('A fault ended a conversation', { error });
    controls.end('internal-error');
  });
  const callParts = { ...parts, clock, log };
  return new Agent(call, {
    controls,
    clock,
    log,
    ownTools: ownTools(callParts, call),
    openLine: (listener, tools) => openLine(callParts, call, { listener, tools }),
  });
}

function openLine(
  { config, clock, mediaClock, log, recordings }: ConversationParts,
  call: Call,
  { listener, tools }: { readonly listener: VoiceLineListener; readonly tools: readonly ToolDeclaration[] },
): VoiceLine {
  const { openai } = config;
  const { instructions, voice, behaviour } = call;
  const settings = {
    ...openai,
    instructions,
    voice,
    turnDetection: behaviour.turnDetection,
    noiseReduction: behaviour.noiseReduction,
    tools,
    safetyIdentifier: safetyIdentifier(call.to, openai.apiKey),
  };
  const format = aiFormat(openai.audioFormat);
  const outboundFormat = requestedFormat(config.telnyx.streamCodec);
  const open: CallRecorderDeps['open'] = (audio) => recordings.open(call.callId, audio);
  return new MediaBridge({
    session: new SteadySession({
      clock,
      bytesPerMs: bytesPerMs(format),
      openSession: (options) => new OpenAiRealtime({ ...settings, ...options }, { clock, log }),
    }),
    aiFormat: format,
    outboundFormat,
    tap: call.isRecorded ? new CallRecorder({ clock: mediaClock, outboundFormat, open }) : undefined,
    playout: config.playout,
    bargeInHoldMs: behaviour.bargeInHoldMs,
    clock,
    mediaClock,
    listener,
    log,
  });
}

function ownTools({ config, clock }: ConversationParts, { callId, behaviour }: Call): readonly Tool[] {
  const { secrets, signingSecret, allowsPrivateUrls } = config.tools;
  const deps = { callId, clock, secrets, signingSecret, allowsPrivateUrls };
  return behaviour.tools.map((definition) => httpTool(definition, deps));
}

function fileTools({ file, secrets }: Config['tools']): readonly HttpToolDefinition[] {
  if (file === undefined) return [];
  const tools = readFile(file);
  const missing = tools.flatMap(secretNames).filter((name) => secrets[name] === undefined);
  if (missing.length === 0) return tools;
  throw new ConfigError([...new Set(missing)].map((name) => `${name}: is not set: a tool of TOOLS_FILE needs it`));
}

function readFile(file: string): readonly HttpToolDefinition[] {
  try {
    return readToolFile(file);
  } catch (error) {
    throw new ConfigError([`TOOLS_FILE: ${error instanceof Error ? error.message : String(error)}`]);
  }
}

/** Keyed, because a plain hash of a phone number is found by trying all numbers. */
function safetyIdentifier(number: string, key: string): string {
  return createHmac('sha256', key).update(number).digest('hex');
}
