// What a session is asked to be, what is changed while it runs, and which echo of it is wrong.

import { DEFAULT_BEHAVIOUR, type TurnDetection } from '../../../src/calls/behaviour';
import { parseServerEvent, type SessionUpdated } from '../../../src/realtime/realtime-protocol';
import {
  confirmedTurns,
  echoMismatch,
  sessionRequest,
  type SessionSettings,
  turnTakingRequest,
} from '../../../src/realtime/session-config';

const SETTINGS: SessionSettings = {
  instructions: 'Be kind.',
  voice: 'cedar',
  audioFormat: 'pcm16',
  transcriptionModel: 'gpt-4o-mini-transcribe',
  turnDetection: DEFAULT_BEHAVIOUR.turnDetection,
  noiseReduction: DEFAULT_BEHAVIOUR.noiseReduction,
  tools: [],
};

const SEMANTIC: TurnDetection = { type: 'semantic-vad', eagerness: 'low' };

/** As it goes over the wire: what is undefined is not there. */
function onWire(value: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
}

function inputOf(changes: Partial<SessionSettings>): Record<string, unknown> {
  return onWire(sessionRequest({ ...SETTINGS, ...changes }, 'server').audio!.input!);
}

function updated(input?: object, output?: object, more: { input?: object; output?: object } = {}): SessionUpdated {
  const audio = {
    input: { format: input, turn_detection: { type: 'server_vad' }, ...more.input },
    output: { format: output, voice: 'cedar', ...more.output },
  };
  const session = { type: 'realtime', audio };
  return parseServerEvent(JSON.stringify({ type: 'session.updated', session })) as SessionUpdated;
}

test('asks for 24 kHz PCM with its rate, which the server demands', () => {
  const format = { type: 'audio/pcm', rate: 24_000 };

  expect(sessionRequest(SETTINGS, 'server')).toMatchObject({
    type: 'realtime',
    output_modalities: ['audio'],
    instructions: 'Be kind.',
    audio: { input: { format }, output: { format, voice: 'cedar' } },
  });
});

test('asks for mu-law both ways when that is the format', () => {
  const { audio } = sessionRequest({ ...SETTINGS, audioFormat: 'pcmu' }, 'server');

  expect([audio?.input?.format, audio?.output?.format]).toEqual([{ type: 'audio/pcmu' }, { type: 'audio/pcmu' }]);
});

test('lets the server take turns, with a silence that does not cut people off', () => {
  expect(sessionRequest(SETTINGS, 'server').audio?.input?.turn_detection).toMatchObject({
    type: 'server_vad',
    silence_duration_ms: 500,
    create_response: true,
    interrupt_response: true,
  });
});

test('asks for every setting of the detection by its wire name', () => {
  const turnDetection = { type: 'server-vad', threshold: 0.7, prefixPaddingMs: 200, silenceMs: 900 } as const;

  expect(inputOf({ turnDetection })['turn_detection']).toEqual({
    type: 'server_vad',
    threshold: 0.7,
    prefix_padding_ms: 200,
    silence_duration_ms: 900,
    create_response: true,
    interrupt_response: true,
  });
});

test.each(['low', 'medium', 'high', 'auto'] as const)(
  'asks for detection by the meaning, eagerness %s',
  (eagerness) => {
    expect(inputOf({ turnDetection: { type: 'semantic-vad', eagerness } })['turn_detection']).toEqual({
      type: 'semantic_vad',
      eagerness,
      create_response: true,
      interrupt_response: true,
    });
  },
);

test.each([DEFAULT_BEHAVIOUR.turnDetection, SEMANTIC])(
  'only listening keeps $type and acts on nothing',
  (detection) => {
    const settings = { ...SETTINGS, turnDetection: detection };
    const { create_response, interrupt_response, ...rest } = onWire(
      sessionRequest(settings, 'listen').audio!.input!.turn_detection!,
    );
    const acting = onWire(sessionRequest(settings, 'server').audio!.input!.turn_detection!);

    expect([create_response, interrupt_response]).toEqual([false, false]);
    expect(acting).toEqual({ ...rest, create_response: true, interrupt_response: true });
  },
);

test.each(['server', 'listen'] as const)(
  'a change of turns to %s says what the session would, and no more',
  (turns) => {
    const whole = sessionRequest(SETTINGS, turns).audio!.input!.turn_detection;

    expect(turnTakingRequest(SETTINGS, turns)).toEqual({
      type: 'realtime',
      audio: { input: { turn_detection: whole } },
    });
  },
);

test.each([
  ['near-field', { type: 'near_field' }],
  ['far-field', { type: 'far_field' }],
  ['off', undefined],
] as const)('asks for %s noise reduction', (noiseReduction, wanted) => {
  expect(inputOf({ noiseReduction })['noise_reduction']).toEqual(wanted);
});

test('declares each tool as a function with its parameters as they are', () => {
  const parameters = { type: 'object', properties: { digits: { type: 'string' } }, required: ['digits'] };
  const tools = [{ name: 'send_dtmf', description: 'Presses keys.', parameters }];

  expect(onWire(sessionRequest({ ...SETTINGS, tools }, 'server'))['tools']).toEqual([
    { type: 'function', name: 'send_dtmf', description: 'Presses keys.', parameters },
  ]);
});

test('has the callee’s words written down', () => {
  expect(inputOf({})['transcription']).toEqual({ model: 'gpt-4o-mini-transcribe' });
});

test('says nothing that the GA interface refuses', () => {
  const request = onWire(sessionRequest(SETTINGS, 'server'));

  for (const field of ['model', 'temperature', 'voice', 'modalities', 'turn_detection', 'input_audio_format']) {
    expect(request).not.toHaveProperty(field);
  }
  expect(request['max_output_tokens']).toBeLessThanOrEqual(4_096);
});

test.each([
  ['pcm16', { type: 'audio/pcm', rate: 24_000 }],
  ['pcmu', { type: 'audio/pcmu' }],
] as const)('an echo of %s is right', (audioFormat, format) => {
  expect(echoMismatch({ ...SETTINGS, audioFormat }, updated(format, format))).toBeUndefined();
});

test('an echo of the default format is wrong for a phone line in mu-law', () => {
  const pcm = { type: 'audio/pcm', rate: 24_000 };
  const pcmu = { type: 'audio/pcmu' };
  const settings = { ...SETTINGS, audioFormat: 'pcmu' } as const;

  expect(echoMismatch(settings, updated(pcm, pcm))).toBe('input format audio/pcm');
  expect(echoMismatch(settings, updated(pcmu, pcm))).toBe('output format audio/pcm');
  expect(echoMismatch(settings, updated(pcm, pcmu))).toBe('input format audio/pcm');
});

test('an echo at another rate is wrong: it would be heard at another speed', () => {
  const wrongRate = { type: 'audio/pcm', rate: 16_000 };

  expect(echoMismatch(SETTINGS, updated(wrongRate, wrongRate))).toBeDefined();
});

test('an echo without formats is wrong', () => {
  expect(echoMismatch(SETTINGS, updated())).toBe('input format none');
  expect(echoMismatch(SETTINGS, updated({ type: 'audio/pcm', rate: 24_000 }))).toBe('output format none');
});

describe('beside the formats', () => {
  const pcm = { type: 'audio/pcm', rate: 24_000 };

  test('an echo without turn detection is wrong: the AI would listen for ever', () => {
    const echo = updated(pcm, pcm, { input: { turn_detection: null } });

    expect(echoMismatch(SETTINGS, echo)).toBe('turn detection none');
  });

  test('an echo with another voice is wrong', () => {
    expect(echoMismatch(SETTINGS, updated(pcm, pcm, { output: { voice: 'alloy' } }))).toBe('voice');
    expect(echoMismatch(SETTINGS, updated(pcm, pcm, { output: { voice: { id: 'voice_1' } } }))).toBeUndefined();
  });
});

test.each([
  [{ type: 'server_vad', create_response: false, interrupt_response: false }, 'listen'],
  [{ type: 'semantic_vad', create_response: true, interrupt_response: true }, 'server'],
  // As the server does when nothing is said of it.
  [{ type: 'server_vad' }, 'server'],
  [{ type: 'server_vad', create_response: null }, 'server'],
  [undefined, 'server'],
])('an echo with the turn detection %j tells who takes the turns: %s', (detection, by) => {
  const pcm = { type: 'audio/pcm', rate: 24_000 };

  expect(confirmedTurns(updated(pcm, pcm, { input: { turn_detection: detection } }))).toBe(by);
});
