#!/usr/bin/env bash
# Makes every recording in clips/ from the texts in voices.ts, with espeak-ng and sox.
# Run it from the repository root after changing a line: server/src/simulator/voices/make-clips.sh
set -euo pipefail

folder="$(cd "$(dirname "$0")" && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
mkdir -p "$folder/clips"

# Two people who cannot be mistaken for each other, at an everyday speed in words per minute.
synthesise() {
  case "$1" in
    ai) espeak-ng -v en-us+f3 -s 172 -w "$3" "$2" ;;
    callee) espeak-ng -v en-gb+m3 -s 165 -p 35 -w "$3" "$2" ;;
  esac
}

# Silence is trimmed from both ends, leaving 20 ms. The gain aims above -18 dBFS RMS because the limiter, which keeps
# the loudest peaks from clipping, and the last step take about 3 dB away. No dither (-D): same text, same bytes.
finish() {
  local raw="$1" rate="$2" out="$3" rms gain
  sox -D "$raw" -r "$rate" -b 16 -c 1 "$work/trimmed.wav" gain -6 \
    highpass 80 silence 1 0.01 0.5% reverse silence 1 0.01 0.5% reverse pad 0.02 0.02
  rms="$(sox "$work/trimmed.wav" -n stats 2>&1 | awk '/^RMS lev dB/ {print $4}')"
  gain="$(awk -v rms="$rms" 'BEGIN {print -14.8 - rms}')"
  sox -D "$work/trimmed.wav" "$out" gain -l "$gain" gain -1
}

npx tsx -e "
  const { voices } = require('$folder/voices.ts');
  for (const v of voices.values()) console.log([v.speaker, v.sampleRateHz, v.file, v.text].join('\t'));
" | while IFS=$'\t' read -r speaker rate file text; do
  synthesise "$speaker" "$text" "$work/raw.wav"
  finish "$work/raw.wav" "$rate" "$folder/clips/$file"
  echo "$file"
done
