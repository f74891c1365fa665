// SPDX-License-Identifier: Apache-2.0

package mirror_test

import (
	"testing"
	"time"

	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/mirror/mirrortest"
)

// The server of the tests may be another machine. Time zones lie at least 15
// minutes apart.
func TestTheDatabaseTellsTheTimeInUTC(t *testing.T) {
	t.Parallel()
	mirrortest.Each(t, func(t *testing.T, store *mirror.Mirror) {
		got, err := store.Clock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if now := time.Now(); now.Sub(got).Abs() > 10*time.Minute || got.Location() != time.UTC {
			t.Errorf("the database says %v at %v", got, now)
		}
	})
}
