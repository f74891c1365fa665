// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strconv"
)

// goneFingerprint is that of a certificate that was not in the list, and about
// which the provider was asked already. No row has it.
const goneFingerprint = 0

// Fingerprint is that of a row of a list: equal rows have equal ones, and two that
// differ do not, as far as 64 bits can tell.
func (s CertificateSummary) Fingerprint() uint64 {
	text := make([]byte, 0, 256)
	for _, field := range []string{
		s.CertificateID, string(s.Reason), string(s.Status), s.ProviderStatus, s.Product, s.ProviderProduct, s.CommonName,
	} {
		text = strconv.AppendInt(text, int64(len(field)), 10)
		text = append(append(text, ':'), field...)
	}
	for _, number := range []int{s.Years,
		s.PurchasedOn.number(), s.ExpiresOn.number(), s.ActivationEndsOn.number()} {
		text = append(strconv.AppendInt(text, int64(number), 10), ';')
	}
	sum := sha256.Sum256(text)
	return max(binary.BigEndian.Uint64(sum[:]), goneFingerprint+1)
}

// number is a number of its own for each date.
func (d Date) number() int { return (d.Year*100+int(d.Month))*100 + d.Day }

// snapshot is what the list of an account showed last, in 16 bytes a certificate:
// there may be a million. An id stands in it as a number that is its own but for
// one chance in many billions; then a row is asked about in vain, or looked at a
// day later.
type snapshot struct {
	entries []snapshotEntry // by key
	seen    []uint64        // a bit for each entry that was met
	fresh   map[uint64]bool // keys that were met and are not among the entries
}

type snapshotEntry struct{ key, fingerprint uint64 }

// readSnapshot reads the listings of an account.
func (b *Bridge) readSnapshot(ctx context.Context, account string) (*snapshot, error) {
	s := &snapshot{fresh: map[uint64]bool{}}
	err := b.store.Fingerprints(ctx, account, func(certificateID string, fingerprint uint64) {
		if len(s.entries) == cap(s.entries) {
			s.entries = slices.Grow(s.entries, max(1024, len(s.entries)/4))
		}
		s.entries = append(s.entries, snapshotEntry{keyOf(certificateID), fingerprint})
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(s.entries, func(a, b snapshotEntry) int { return cmp.Compare(a.key, b.key) })
	s.seen = make([]uint64, (len(s.entries)+63)/64)
	return s, nil
}

// keyOf is the key of an id: a decimal number is itself, anything else a hash.
func keyOf(certificateID string) uint64 {
	if number, err := strconv.ParseUint(certificateID, 10, 63); err == nil && certificateID[0] != '0' && certificateID[0] != '+' {
		return number
	}
	sum := sha256.Sum256([]byte(certificateID))
	return binary.BigEndian.Uint64(sum[:]) | 1<<63
}

// meet notes that a row was met, and tells whether it was before, and whether it is
// as it was in the snapshot.
func (s *snapshot) meet(row CertificateSummary) (again, unchanged bool) {
	key := keyOf(row.CertificateID)
	at, known := s.find(key)
	if !known {
		again = s.fresh[key]
		s.fresh[key] = true
		return again, false
	}
	word, bit := at/64, uint64(1)<<(at%64)
	again = s.seen[word]&bit != 0
	s.seen[word] |= bit
	return again, s.entries[at].fingerprint == row.Fingerprint()
}

func (s *snapshot) find(key uint64) (int, bool) {
	return slices.BinarySearchFunc(s.entries, key, func(e snapshotEntry, key uint64) int { return cmp.Compare(e.key, key) })
}

// missed counts the certificates that were in the snapshot and were not met.
func (s *snapshot) missed() (count int) {
	for i, entry := range s.entries {
		if entry.fingerprint != goneFingerprint && s.seen[i/64]&(1<<(i%64)) == 0 {
			count++
		}
	}
	return count
}

// misses tells whether a certificate was in the snapshot and was not met.
func (s *snapshot) misses(certificateID string) bool {
	at, known := s.find(keyOf(certificateID))
	return known && s.entries[at].fingerprint != goneFingerprint && s.seen[at/64]&(1<<(at%64)) == 0
}

// met tells whether a certificate was met that is not in the snapshot.
func (s *snapshot) met(certificateID string) bool { return s.fresh[keyOf(certificateID)] }
