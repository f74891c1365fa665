// SPDX-License-Identifier: Apache-2.0

// Package years proves that the mirror follows the provider for as long as
// certificates live: thousands of them, over several simulated years. It consists
// of tests.
//
// Each step of the simulated time things happen by chance: what customers do
// through certbridge, what somebody does in the provider's own panel, what the
// provider's staff and the certificate authority do. Then the run of that day is
// made, within the provider's documented limits of calls, and everything is
// compared with the provider's simulator.
//
//   - years: the tests; world: the simulated provider, the bridge and their clock
//   - pace: how the simulated clock moves while calls wait for their limits
//   - stock: the certificates that are there at the beginning; life: what happens
//   - verdict: what must be true after each run; books: what was paid, by a count of its own
//   - interrupted: runs that are killed at each page, and two at once
//
// Under the race detector there are fewer certificates and runs.
//
// A seed repeats what happens, but not the exact order of simultaneous calls.
package years
