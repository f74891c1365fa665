// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"math/rand/v2"
	"sync"
	"time"
)

// chanceBits is how many bits of a key are random at first use of a millisecond.
const chanceBits = 21

// keys makes the keys of services, orders and certificates: milliseconds since
// 1970, then chance. They ascend within a process, and those of two processes
// meet so rarely that a duplicate is simply tried again.
//
// The database does not make them because the keys of several rows in one INSERT
// could not be told then: gorm counts up from the first, which is wrong on a
// cluster, where each node has its own step.
type keys struct {
	mu   sync.Mutex
	last int64
}

func (k *keys) next(now time.Time) int64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := now.UnixMilli(); now > k.last>>chanceBits {
		k.last = now<<chanceBits | rand.Int64N(1<<chanceBits)
	} else {
		k.last++
	}
	return k.last
}
