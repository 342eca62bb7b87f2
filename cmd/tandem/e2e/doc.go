// Package e2e tests tandem as its users run it: the real binary as several processes, real SIP peers (baresip), a real
// Postgres, a real browser, and audio that is listened to.
//
// The tests run in a network namespace of their own, made when the test binary starts, so that fixed ports and a
// second address are theirs alone and nothing else can be reached.
package e2e
