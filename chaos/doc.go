// SPDX-License-Identifier: Apache-2.0

// Package chaos proves that no order is bought twice and that none is lost,
// whatever dies in between. It consists of tests.
//
// The crash tests run certbridge as it is shipped, but for the build tag chaos,
// which lets them move its clock and have it die at named points. Several
// processes serve careless panels while they are killed with SIGKILL, the database
// server is killed and restarted, and the provider's simulator loses answers. At
// the end everything is left in peace until nothing is open any more. Then the
// simulator's ledger, and not certbridge, says what was charged.
//
//   - crash: the runs; act: one of them on one database, from an empty mirror on
//   - worker, database, provider, faults, clock: what is killed, broken and moved
//   - shop, service, wish, panel: who asks, what for, and how carelessly
//   - verdict, judge, books: what must be true in the end; report: how it is told
//   - mutation: certbridge with its safeguards taken out must not pass
//
// Other tests here take the same promises one by one: every step of every charge
// failing, done or not done (steps, flaky), and many clients at once (crowd).
//
// `make chaos` runs it for long. A seed repeats what was wished, broken and killed
// when, but not the exact order in which the processes got there.
package chaos
