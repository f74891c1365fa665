// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

// odd is a provider that does something odd on the way of a call.
type odd struct {
	provisioning.Provider
	certificate  func(id string, told provisioning.CertificateDetail) provisioning.CertificateDetail
	certificates func(page int, told provisioning.CertificatePage) provisioning.CertificatePage
}

func (o *odd) Certificate(ctx context.Context, id string) (provisioning.CertificateDetail, error) {
	told, err := o.Provider.Certificate(ctx, id)
	if o.certificate != nil {
		told = o.certificate(id, told)
	}
	return told, err
}

func (o *odd) Certificates(ctx context.Context, page, size int) (provisioning.CertificatePage, error) {
	told, err := o.Provider.Certificates(ctx, page, size)
	if o.certificates != nil {
		told = o.certificates(page, told)
	}
	return told, err
}

// through is a bridge whose provider is an odd one.
func (y *yard) through(o *odd) *provisioning.Bridge {
	return y.replica(func(c *provisioning.Config) { o.Provider, c.Accounts[0].Upstream = c.Accounts[0].Upstream, o })
}

// A list may be ahead of what the provider says of a certificate. Then the change is
// not lost: the next run asks again.
func TestADetailThatLagsBehindTheList(t *testing.T) {
	t.Parallel()
	inEachYard(t, func(t *testing.T, y *yard) {
		ids := y.stock(5)
		o := new(odd)
		bridge := y.through(o)
		y.runWith(bridge, provisioning.SynchronizationRequest{})
		before, err := o.Provider.Certificate(t.Context(), ids[0])
		if err != nil {
			t.Fatal(err)
		}
		y.cancel(ids[0])
		o.certificate = func(string, provisioning.CertificateDetail) provisioning.CertificateDetail { return before }
		y.runWith(bridge, provisioning.SynchronizationRequest{})
		o.certificate = nil
		y.runWith(bridge, provisioning.SynchronizationRequest{})
		if service := y.service(ids[0]); service.Certificates[0].Status != provisioning.StatusCancelled {
			t.Errorf("the next night it is %s", service.Certificates[0].Status)
		}
		if part := y.runWith(bridge, provisioning.SynchronizationRequest{}).Parts[0]; part.Details != 0 {
			t.Errorf("and then nobody is asked any more: %+v", part)
		}
	})
}

// A first page that cannot be read does not leave the rest unread.
func TestAFirstPageThatCannotBeRead(t *testing.T) {
	t.Parallel()
	inEachYard(t, func(t *testing.T, y *yard) {
		ids := y.stock(50)
		y.flawless()
		y.cancel(ids...)
		y.breakCall("namecheap.ssl.getList 1")
		run := y.runWith(y.replica(), provisioning.SynchronizationRequest{})
		if part := run.Parts[0]; run.State != provisioning.SynchronizationFailed || part.CertificatesSeen != 40 || part.ServicesChanged != 40 {
			t.Errorf("%+v", part)
		}
	})
}

// Pages that come empty before the end of the list are told.
func TestAListWithAHole(t *testing.T) {
	t.Parallel()
	inEachYard(t, func(t *testing.T, y *yard) {
		bridge := y.through(&odd{certificates: func(page int, told provisioning.CertificatePage) provisioning.CertificatePage {
			if page == 3 || page == 4 {
				told.Certificates = nil
			}
			return told
		}})
		if _, err := y.sim.Stock("PositiveSSL", 1, 80); err != nil {
			t.Fatal(err)
		}
		run := y.runWith(bridge, provisioning.SynchronizationRequest{})
		if part := run.Parts[0]; run.State != provisioning.SynchronizationFailed || part.Errors[0].Code != "list_incomplete" {
			t.Errorf("%+v", part)
		}
	})
}

// A mistake of ours costs the one service that it is about.
func TestAPanicInARun(t *testing.T) {
	t.Parallel()
	inEachYard(t, func(t *testing.T, y *yard) {
		ids := y.stock(3)
		y.flawless()
		y.cancel(ids...)
		run := y.runWith(y.through(&odd{certificate: func(id string, told provisioning.CertificateDetail) provisioning.CertificateDetail {
			if id == ids[1] {
				panic("a mistake")
			}
			return told
		}}), provisioning.SynchronizationRequest{})
		if part := run.Parts[0]; run.State != provisioning.SynchronizationFailed || part.ErrorCount != 1 || part.ServicesChanged != 2 {
			t.Errorf("%+v", part)
		}
	})
}

// damaged is a store that cannot read one service.
type damaged struct {
	provisioning.Store
	serviceID string
}

func (d *damaged) Service(ctx context.Context, panel, serviceID string) (provisioning.Service, error) {
	if serviceID == d.serviceID {
		return provisioning.Service{}, errors.New("a column cannot be read")
	}
	return d.Store.Service(ctx, panel, serviceID)
}

// One service that the store cannot read does not keep the others from being
// synchronized, nor the run from ending.
func TestAServiceThatCannotBeRead(t *testing.T) {
	t.Parallel()
	inEachYard(t, func(t *testing.T, y *yard) {
		ids := y.stock(30)
		y.flawless()
		y.cancel(ids...)
		bridge := y.replica(func(c *provisioning.Config) { c.Store = &damaged{Store: y.store, serviceID: ids[15]} })
		run := y.runWith(bridge, provisioning.SynchronizationRequest{})
		if part := run.Parts[0]; run.State != provisioning.SynchronizationFailed || part.ServicesChanged != 29 || part.ErrorCount != 1 {
			t.Errorf("%+v", part)
		}
	})
}

// A run that failed before the daily one was due is none; one that failed after it is
// not repeated all day.
func TestAFailedRunAndTheDailyOne(t *testing.T) {
	t.Parallel()
	inEachYard(t, func(t *testing.T, y *yard) {
		bridge := y.replica(func(c *provisioning.Config) { c.Daily = &provisioning.TimeOfDay{Hour: 3, Minute: 10, In: time.UTC} })
		fail := func(at time.Time) {
			y.sim.SetTime(at)
			y.breakCall("namecheap.ssl.getList 1")
			if run := y.runWith(bridge, provisioning.SynchronizationRequest{By: "operator:ann"}); run.State != provisioning.SynchronizationFailed {
				t.Fatalf("%+v", run)
			}
			y.breakCall("")
		}
		started := func(at time.Time) int {
			y.sim.SetTime(at)
			if err := bridge.TendSynchronizations(t.Context()); err != nil {
				t.Fatal(err)
			}
			runs, err := y.store.Runs(t.Context(), provisioning.RunQuery{Real: true})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := bridge.FollowSynchronization(t.Context(), runs[0].ID, nil); err != nil {
				t.Fatal(err)
			}
			return len(runs)
		}
		day := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
		fail(day.Add(2 * time.Hour))
		if got := started(day.Add(4 * time.Hour)); got != 2 {
			t.Errorf("%d runs; the daily one makes up for the one that failed", got)
		}
		fail(day.Add(28 * time.Hour))
		if got := started(day.Add(30 * time.Hour)); got != 3 {
			t.Errorf("%d runs; one that failed after the daily one was due did for it", got)
		}
	})
}
