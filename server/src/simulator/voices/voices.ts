/**
 * The spoken lines of the simulated call: who says what, and the recordings of it. The clips are synthesised by
 * make-clips.sh from the texts in this table, so that a transcript never disagrees with what is heard.
 */
import { join } from 'node:path';
import { readWav } from '../pcm';
import { decimateBy3, interpolateBy3 } from './resample';

const CLIPS_FOLDER = join(__dirname, 'clips');

/** Who speaks a line: the AI (24 kHz, as OpenAI sends it) or the person called (8 kHz, as a phone line carries it). */
export type Speaker = 'ai' | 'callee';

/** One recorded line. */
export type Voice = {
  readonly file: string;
  readonly text: string;
  readonly sampleRateHz: number;
  readonly speaker: Speaker;
};

const clipCache = new Map<string, Int16Array>();

/** Every recorded line by name. */
export const voices: ReadonlyMap<string, Voice> = new Map([
  aiLine(
    'ai-greeting',
    'Hello, this is the AI assistant of Bright Smile Dental. I am calling about your appointment tomorrow at three. ' +
      'Is that still good for you?',
  ),
  aiLine(
    'ai-long',
    'We are at twelve Station Road. From the market square, walk past the library, turn left at the bakery, ' +
      'and look for a white door next to the pharmacy.',
  ),
  aiLine('ai-reschedule', 'Of course. I can offer Thursday at ten in the morning. Shall I book that?'),
  aiLine('ai-goodbye', 'Great, you are booked for Thursday at ten. Thank you, and goodbye!'),
  aiLine('ai-acknowledge', 'I see. Please go on.'),
  calleeLine('callee-hello', 'Hello?'),
  calleeLine('callee-question', 'Sorry, where are you exactly?'),
  calleeLine('callee-interrupt', 'Wait, sorry, could we move it to another day?'),
  calleeLine('callee-yes', 'Yes, Thursday at ten is fine.'),
  calleeLine('callee-goodbye', 'Thank you, bye!'),
]);

/** Returns the samples of the line `name`, converted between 8 and 24 kHz when it was recorded at the other rate. */
export function clip(name: string, sampleRateHz: number): Int16Array {
  const key = `${name}@${sampleRateHz}`;
  const known = clipCache.get(key);
  if (known !== undefined) return known;
  const voice = voices.get(name);
  if (voice === undefined) throw new RangeError(`There is no recorded line named '${name}'.`);
  const samples = convert(readLine(voice), voice.sampleRateHz, sampleRateHz);
  clipCache.set(key, samples);
  return samples;
}

function readLine(voice: Voice): Int16Array {
  const wav = readWav(join(CLIPS_FOLDER, voice.file));
  if (wav.channels !== 1 || wav.sampleRateHz !== voice.sampleRateHz) {
    throw new TypeError(`${voice.file} is not mono at ${voice.sampleRateHz} Hz: run make-clips.sh again.`);
  }
  return wav.pcm;
}

function convert(samples: Int16Array, fromHz: number, toHz: number): Int16Array {
  if (fromHz === toHz) return samples;
  if (fromHz === 24_000 && toHz === 8000) return decimateBy3(samples);
  if (fromHz === 8000 && toHz === 24_000) return interpolateBy3(samples);
  throw new RangeError(`A line is available at 8000 and 24000 Hz, not at ${toHz} Hz.`);
}

function aiLine(name: string, text: string): [string, Voice] {
  return [name, { file: `${name}.wav`, text, sampleRateHz: 24_000, speaker: 'ai' }];
}

function calleeLine(name: string, text: string): [string, Voice] {
  return [name, { file: `${name}.wav`, text, sampleRateHz: 8000, speaker: 'callee' }];
}
