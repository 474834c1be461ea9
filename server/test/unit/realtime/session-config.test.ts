import { type SessionSettings, sessionRequest, echoMismatch } from '../../../src/realtime/session-config';
import { parseServerEvent, type SessionUpdated } from '../../../src/realtime/realtime-protocol';

const SETTINGS: SessionSettings = {
  instructions: 'Be kind.',
  voice: 'cedar',
  audioFormat: 'pcm16',
  transcriptionModel: 'gpt-4o-mini-transcribe',
};

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

  expect(sessionRequest(SETTINGS)).toMatchObject({
    type: 'realtime',
    output_modalities: ['audio'],
    instructions: 'Be kind.',
    audio: { input: { format }, output: { format, voice: 'cedar' } },
  });
});

test('asks for mu-law both ways when that is the format', () => {
  const { audio } = sessionRequest({ ...SETTINGS, audioFormat: 'pcmu' });

  expect([audio?.input?.format, audio?.output?.format]).toEqual([{ type: 'audio/pcmu' }, { type: 'audio/pcmu' }]);
});

test('lets the server take turns, with a silence that does not cut people off', () => {
  expect(sessionRequest(SETTINGS).audio?.input?.turn_detection).toMatchObject({
    type: 'server_vad',
    silence_duration_ms: 500,
    create_response: true,
    interrupt_response: true,
  });
});

test('says nothing that the GA interface refuses', () => {
  const request = JSON.parse(JSON.stringify(sessionRequest(SETTINGS))) as Record<string, unknown>;

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
