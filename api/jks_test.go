// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"bytes"
	"crypto/sha1"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"testing"
	"unicode/utf16"
)

// jksEntry is the one private key entry of a JKS file.
type jksEntry struct {
	alias string
	key   []byte   // PKCS #8
	chain []string // DER
}

// jksReader reads a JKS file the way sun.security.provider.JavaKeyStore does,
// with no code of the library that wrote it.
type jksReader struct {
	t    *testing.T
	rest []byte
}

func (r *jksReader) bytes(n int) []byte {
	r.t.Helper()
	if n < 0 || n > len(r.rest) {
		r.t.Fatalf("JKS: %d bytes wanted, %d left", n, len(r.rest))
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *jksReader) uint32() int   { return int(binary.BigEndian.Uint32(r.bytes(4))) }
func (r *jksReader) text() string  { return string(r.bytes(int(binary.BigEndian.Uint16(r.bytes(2))))) }
func (r *jksReader) block() []byte { return r.bytes(r.uint32()) }

func readJKS(t *testing.T, file []byte, password string) jksEntry {
	t.Helper()
	if len(file) < sha1.Size {
		t.Fatalf("JKS of %d bytes", len(file))
	}
	content, digest := file[:len(file)-sha1.Size], file[len(file)-sha1.Size:]
	wide := wideBytes(password)
	if sum := sha1.Sum(concat(wide, []byte("Mighty Aphrodite"), content)); !bytes.Equal(sum[:], digest) {
		t.Fatal("JKS: the digest does not fit the password")
	}
	r := &jksReader{t, content}
	if magic, version, entries := r.uint32(), r.uint32(), r.uint32(); magic != 0xFEEDFEED || version != 2 || entries != 1 {
		t.Fatalf("JKS: magic %x, version %d, %d entries", magic, version, entries)
	}
	if tag := r.uint32(); tag != 1 {
		t.Fatalf("JKS: an entry of kind %d", tag)
	}
	entry := jksEntry{alias: r.text()}
	r.bytes(8) // when it was made
	entry.key = jksKey(t, r.block(), wide)
	for range r.uint32() {
		if kind := r.text(); kind != "X.509" && kind != "X509" {
			t.Fatalf("JKS: a certificate of kind %q", kind)
		}
		entry.chain = append(entry.chain, string(r.block()))
	}
	if len(r.rest) != 0 {
		t.Fatalf("JKS: %d bytes after the entry", len(r.rest))
	}
	return entry
}

// jksKey undoes sun.security.provider.KeyProtector: a salt, the key under a
// stream of SHA-1, and a digest of the key.
func jksKey(t *testing.T, sealed, wide []byte) []byte {
	t.Helper()
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	if rest, err := asn1.Unmarshal(sealed, &info); err != nil || len(rest) > 0 {
		t.Fatalf("JKS: key: %v", err)
	}
	if got := info.Algorithm.Algorithm.String(); got != "1.3.6.1.4.1.42.2.17.1.1" || len(info.Data) < 2*sha1.Size {
		t.Fatalf("JKS: key sealed by %s in %d bytes", got, len(info.Data))
	}
	block := info.Data[:sha1.Size]
	hidden := info.Data[sha1.Size : len(info.Data)-sha1.Size]
	digest := info.Data[len(info.Data)-sha1.Size:]
	key := make([]byte, 0, len(hidden))
	for i, b := range hidden {
		if i%sha1.Size == 0 {
			sum := sha1.Sum(concat(wide, block))
			block = sum[:]
		}
		key = append(key, b^block[i%sha1.Size])
	}
	if sum := sha1.Sum(concat(wide, key)); !bytes.Equal(sum[:], digest) {
		t.Fatal("JKS: the key does not fit the password")
	}
	return key
}

// wideBytes is a password as Java hashes it: UTF-16, big end first.
func wideBytes(password string) []byte {
	var wide []byte
	for _, unit := range utf16.Encode([]rune(password)) {
		wide = binary.BigEndian.AppendUint16(wide, unit)
	}
	return wide
}

func concat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
