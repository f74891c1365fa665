// SPDX-License-Identifier: Apache-2.0

package mirror_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/mirror/mirrortest"
	"github.com/certbridge/certbridge/provisioning"
)

func newRequest(key string) provisioning.IdempotentRequest {
	return provisioning.IdempotentRequest{Panel: "p", Key: key, Fingerprint: []byte{0xff, 0}, CreatedAt: instant()}
}

// begin claims a key, or tells what it was used for.
func begin(t *testing.T, store *mirror.Mirror, request provisioning.IdempotentRequest) *provisioning.IdempotentRequest {
	t.Helper()
	existing, err := store.BeginIdempotent(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	return existing
}

func TestAnAnswerIsKeptForItsRepetition(t *testing.T) {
	t.Parallel()
	mirrortest.Each(t, func(t *testing.T, store *mirror.Mirror) {
		request := newRequest("Key ")
		if existing := begin(t, store, request); existing != nil {
			t.Fatalf("a fresh key was used for %+v", existing)
		}
		again := request
		again.CreatedAt = instant().Add(time.Minute)
		if diff := cmp.Diff(&request, begin(t, store, again)); diff != "" {
			t.Errorf("under way (-want +got)\n%s", diff)
		}
		request.Status, request.Header, request.Body = 201, `{"ETag":"1"}`, []byte("{\"a\":\"ü\"}\x00\xff")
		if err := store.FinishIdempotent(t.Context(), request); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&request, begin(t, store, again)); diff != "" {
			t.Errorf("finished (-want +got)\n%s", diff)
		}
		if err := store.FinishIdempotent(t.Context(), request); !errors.Is(err, provisioning.ErrStale) {
			t.Errorf("finished twice: %v", err)
		}
		if err := store.ForgetIdempotent(t.Context(), request); err != nil {
			t.Fatal(err)
		}
		if begin(t, store, again) == nil {
			t.Error("an answer was forgotten")
		}
		for _, other := range []provisioning.IdempotentRequest{newRequest("key "), newRequest("Key"), {Panel: "P", Key: "Key ", Fingerprint: []byte{1}, CreatedAt: instant()}} {
			if existing := begin(t, store, other); existing != nil {
				t.Errorf("key %q of panel %q was used for %+v", other.Key, other.Panel, existing)
			}
		}
	})
}

func TestAForgottenRequestMayBeRepeated(t *testing.T) {
	t.Parallel()
	mirrortest.Each(t, func(t *testing.T, store *mirror.Mirror) {
		request := newRequest("key")
		for range 2 {
			if existing := begin(t, store, request); existing != nil {
				t.Fatalf("used for %+v", existing)
			}
			if err := store.ForgetIdempotent(t.Context(), request); err != nil {
				t.Fatal(err)
			}
		}
		if err := store.ForgetIdempotent(t.Context(), request); err != nil {
			t.Errorf("forgetting nothing: %v", err)
		}
	})
}

func TestOneOfManyRepetitionsGetsTheKey(t *testing.T) {
	t.Parallel()
	mirrortest.Each(t, func(t *testing.T, store *mirror.Mirror) {
		var owners atomic.Int32
		var all sync.WaitGroup
		for range 32 {
			all.Go(func() {
				existing, err := store.BeginIdempotent(t.Context(), newRequest("key"))
				if err != nil {
					t.Error(err)
				} else if existing == nil {
					owners.Add(1)
				}
			})
		}
		all.Wait()
		if owners.Load() != 1 {
			t.Errorf("%d own the key, want 1", owners.Load())
		}
	})
}

func TestADeadRequestGivesItsKeyToItsRepetition(t *testing.T) {
	t.Parallel()
	mirrortest.Each(t, func(t *testing.T, store *mirror.Mirror) {
		dead := newRequest("key")
		begin(t, store, dead)
		other := newRequest("key")
		other.CreatedAt, other.Fingerprint = instant().Add(16*time.Minute), []byte("different")
		if begin(t, store, other) == nil {
			t.Error("a different request got the key")
		}
		repetition := newRequest("key")
		repetition.CreatedAt = instant().Add(16 * time.Minute)
		if existing := begin(t, store, repetition); existing != nil {
			t.Fatalf("still under way: %+v", existing)
		}
		dead.Status = 500
		if err := store.FinishIdempotent(t.Context(), dead); !errors.Is(err, provisioning.ErrStale) {
			t.Errorf("the dead request finished: %v", err)
		}
		if err := store.ForgetIdempotent(t.Context(), dead); err != nil {
			t.Error(err)
		}
		repetition.Status = 201
		if err := store.FinishIdempotent(t.Context(), repetition); err != nil {
			t.Errorf("the repetition did not finish: %v", err)
		}
	})
}

func TestKeysAreFreeAfterThirtyDays(t *testing.T) {
	t.Parallel()
	mirrortest.Each(t, func(t *testing.T, store *mirror.Mirror) {
		request := newRequest("key")
		begin(t, store, request)
		request.Status = 200
		if err := store.FinishIdempotent(t.Context(), request); err != nil {
			t.Fatal(err)
		}
		request.CreatedAt = instant().AddDate(0, 0, 30)
		if begin(t, store, request) == nil {
			t.Error("free after 30 days sharp")
		}
		request.CreatedAt = request.CreatedAt.Add(time.Microsecond)
		if existing := begin(t, store, request); existing != nil {
			t.Errorf("not free after 30 days: %+v", existing)
		}
	})
}

func TestOldAnswersAreCleared(t *testing.T) {
	t.Parallel()
	for _, driver := range mirrortest.Drivers() {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			now := instant()
			store := mirrortest.Open(t, driver, func() time.Time { return now })
			for i := range 5 {
				request := newRequest(fmt.Sprint(i))
				request.CreatedAt = instant().AddDate(0, 0, i)
				begin(t, store, request)
			}
			now = instant().AddDate(0, 0, 33)
			for _, want := range []int64{3, 0} {
				if cleared, err := store.ClearIdempotent(t.Context()); err != nil || cleared != want {
					t.Errorf("cleared %d, %v; want %d", cleared, err, want)
				}
			}
			now = instant().AddDate(0, 0, 63)
			for i := range 500 { // one of them clears
				request := newRequest(fmt.Sprint("fresh-", i))
				request.CreatedAt = now
				begin(t, store, request)
			}
			if cleared, err := store.ClearIdempotent(t.Context()); err != nil || cleared != 0 {
				t.Errorf("%d were left, %v", cleared, err)
			}
		})
	}
}

func TestARequestWithoutAnInstantIsRefused(t *testing.T) {
	t.Parallel()
	mirrortest.Each(t, func(t *testing.T, store *mirror.Mirror) {
		if _, err := store.BeginIdempotent(t.Context(), provisioning.IdempotentRequest{Panel: "p", Key: "k", Fingerprint: []byte{1}}); err == nil {
			t.Error("begun")
		}
	})
}
