// SPDX-License-Identifier: Apache-2.0

package provisioning

import "time"

// IdempotentRequest is what is kept of a request that came with an
// Idempotency-Key, so that its repetition gets the same answer. It stands on top
// of the natural keys, not instead of them.
type IdempotentRequest struct {
	Panel       string
	Key         string
	Fingerprint []byte // SHA-256 of method, path and body
	Status      int    // HTTP status of the answer; 0 while the request is under way
	Header      string // JSON of the answer's header fields that are repeated
	Body        []byte
	CreatedAt   time.Time
}
