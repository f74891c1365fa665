// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"errors"
)

const (
	// callsAtOnce is how many calls of one part are under way at a time.
	callsAtOnce = 4
	// pagesAhead is how many pages are asked for before they are needed: those that
	// have come wait for one that has not.
	pagesAhead = 2 * callsAtOnce
	// pagesTogether is how many pages are done with at once, at most, when they come
	// faster than they can be stored.
	pagesTogether = 256
)

// runUpstream is a provider as a run uses it: patient, and with everything counted
// in the progress.
type runUpstream struct {
	*patientUpstream
	work *partWork
}

func newRunUpstream(w *partWork) *runUpstream {
	return &runUpstream{work: w, patientUpstream: &patientUpstream{
		Provider: w.account.Upstream, bridge: w.b, slots: make(chan struct{}, callsAtOnce),
		calls: func() { w.change(func(p *SynchronizationPart) { p.ProviderCalls++ }) },
		told: func(waitsFor string) {
			w.change(func(p *SynchronizationPart) { p.WaitingFor = waitsFor })
			w.storeSoon()
		},
	}}
}

// Certificate reads everything about one certificate.
func (u *runUpstream) Certificate(ctx context.Context, id string) (CertificateDetail, error) {
	detail, err := u.patientUpstream.Certificate(ctx, id)
	var told *ProviderError
	if err == nil || errors.As(err, &told) && told.Outcome == Refused {
		u.work.change(func(p *SynchronizationPart) { p.Details++ })
	}
	return detail, err
}
