#!/bin/sh
# Renders every line of ../catalogue.tsv with flite's voice rms as an 8 kHz µ-law WAV, or only the names given.
# Needs flite and sox (Debian packages). The same versions give the same bytes; commit what comes out.
set -eu
cd "$(dirname "$0")"
tab=$(printf '\t')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
grep -v '^#' ../catalogue.tsv | while IFS="$tab" read -r name used text; do
	if [ $# -gt 0 ]; then
		case " $* " in *" $name "*) ;; *) continue ;; esac
	fi
	mkdir -p "$(dirname "$name")"
	flite -voice rms --setf duration_stretch=0.85 -t "$text" -o "$work/a.wav"
	# 8 kHz; no silence around it but 60 ms behind; as loud as speech on a telephone is
	sox -D -R "$work/a.wav" -r 8000 -b 16 -e signed "$work/b.wav" highpass 120 \
		silence 1 0.02 0.3% reverse silence 1 0.02 0.3% reverse norm -4
	sox -D -R "$work/b.wav" -e u-law -b 8 "$name.wav" fade t 0.004 -0 0.008 pad 0.01 0.06
done
