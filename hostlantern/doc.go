// SPDX-License-Identifier: Apache-2.0

// Package hostlantern talks to the XML API through which Hostlantern sells TLS
// certificates. It is the Namecheap wire protocol under another brand, so a
// Namecheap reseller account works as well: the address, the command prefix and
// the namespace are configuration.
//
// [Client] has one method per command of that API and speaks in its words;
// [Provider] puts the domain's provisioning.Provider on top of it.
//
// # Oddities of the API
//
//   - A failure usually comes with HTTP 200. Only Status="OK" without any Error
//     node, and IsSuccess="true" where the command has it, is a success. A result
//     inside a Status="ERROR" answer is never looked at.
//   - One error number covers several texts with different meanings, and some
//     errors are reported after the certificate authority accepted the request.
//     The table in classify_table.go decides by number, text and command.
//   - HTTP 405 means "too many calls", and so does error 500000 with HTTP 200.
//   - Reissue and renew answer with a new certificate ID. Nothing but the
//     ReplacedBy attribute of the old certificate links a reissue to it, and
//     nothing at all links a renewal to it.
//   - Validation methods have one spelling for activate and reissue
//     (HTTPCSRHASH) and another for editDCVMethod (HTTP_CSR_HASH).
//   - Dates have no time zone and come padded or not; letter case varies
//     everywhere; lists of one are a bare element.
//   - Names of sold products are replaced by others of the same class, and the
//     answer carries the name that was not ordered.
//   - There is no idempotency key. No request is ever sent twice from here, see
//     the comment in transport.go on what net/http would do otherwise.
package hostlantern
