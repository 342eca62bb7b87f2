// Package codec turns sound into bytes and back: the two laws of G.711, WAV files, tones, silence, joined sources.
//
// Everything is mono at 8000 samples a second. Levels are in dBm0, where a full-scale sine is +3.14 dBm0 (A-law,
// ITU-T G.711); package measure beside it hears what this one says.
package codec
