// SPDX-License-Identifier: Apache-2.0

// Package simulator is a stand-in for the XML API through which Hostlantern
// (and Namecheap, whose wire protocol it speaks) sells TLS certificates. It is
// an http.Handler with a product catalogue, prepaid balances and a certificate
// authority inside, so that a client can be driven through purchase,
// activation, domain validation, issuing, reissuing and renewal without a
// provider, without money and without a network.
//
// It is meant to be as unpleasant as the real thing: two spellings for one
// token, dates in two formats, statuses in three letter cases, an HTTP 405 that
// means "slow down", answers that are lost after the command was executed. What
// is known of the provider only in part is a field of [Switches], and every
// such question can be set both ways while the simulator runs. Faults that
// happen once or a few times are scripted with [Simulator.Inject].
//
// A client is judged by what the simulator remembers, never by what the client
// says: [Simulator.Ledger] holds every charge, [Simulator.Calls] every call.
//
// # What it deliberately refuses to be
//
//   - It shares no type, constant or helper with any client. Its only imports
//     are the standard library. A simulator built from its client's own
//     understanding of the protocol would agree with every misunderstanding.
//   - It keeps nothing. The certificate authority, the orders and the ledger
//     are gone with the process, so that nobody comes to depend on one.
//   - It is no certificate authority for use: the root is made anew by [New],
//     its key never leaves the process and its name says what it is.
//   - It offers no command that the provider does not have. What the provider's
//     own staff would do (cancelling, approving, resetting) is reachable only
//     from Go and from the separate handler that [Simulator.Control] returns.
//   - It is not lenient where evidence is missing. It refuses, and the error
//     names the reason.
//
// # Where it decides for itself
//
// The provider's documentation leaves some answers open that are no switch
// here. An unknown command is 1011104, by the numbering of the neighbouring
// global errors, and a missing NumberOfSANSToAdd is 2010900 by that of its
// invalid form. parseCSR by GET is 5050900. Add-on domains are sold for any
// certificate that is not replaced, cancelled, rejected or past its term. From the
// day on which a product is replaced, its old name is listed at its successor's
// price. A promotion is taken off each price of the list, and what is charged
// follows from the list; domains that are added later have none. Reserved top level domains such as
// .test and .example are accepted, because tests should not name other people's
// domains; .local, .internal and their kind are refused. Organization and
// extended validation are never completed by [Simulator.Validate], only by
// [Simulator.Approve], as a person has to look at documents.
//
// Errors that no input or state of a client can provoke (failing databases at
// the provider, failing queues) are available through the fault kinds "error"
// and "error_executed", which carry any number and text.
package simulator
