// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"time"

	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/provisioning"
)

// demoShop brings the demo's services into their states, through the bridge as
// a panel would, with the simulator's staff approving.
type demoShop struct {
	bridge    *provisioning.Bridge
	simulated *simulator.Simulator
	caller    provisioning.Caller
}

// demoService is one line of the list that the demo prints.
type demoService struct {
	ServiceID     string `json:"service_id"`
	CommonName    string `json:"common_name"`
	Product       string `json:"product"`
	Status        string `json:"status"`
	CertificateID string `json:"certificate_id"`
	Note          string `json:"note"`
}

// The oldest service was bought so long ago that its next term can be bought, which
// is from 89 days before the end of the present one. It is reissued so often that no
// certificate in between had to run out, whenever the demo is run: a leaf lives at
// most 200 days since 2026-03-15, 100 from 2027-03-15, 47 from 2029-03-15 (Baseline
// Requirements 6.3.2).
const (
	daysSincePurchase   = 280
	daysBetweenReissues = 45
)

func (s *demoShop) furnish(ctx context.Context) ([]demoService, error) {
	today, began := s.simulated.Now(), time.Now()
	for ago := daysSincePurchase; ago > 0; ago -= daysBetweenReissues {
		s.simulated.SetTime(today.AddDate(0, 0, -ago))
		tell := s.reissue
		if ago == daysSincePurchase {
			tell = s.sell
		}
		if err := tell(ctx, "1006", "old.example.com", issue); err != nil {
			return nil, err
		}
	}
	s.simulated.SetTime(today)
	if err := s.tellToday(ctx); err != nil {
		return nil, err
	}
	// What happened on the way took its time.
	s.simulated.SetTime(today.Add(time.Since(began)))
	return s.list(ctx)
}

func (s *demoShop) tellToday(ctx context.Context) error {
	if _, err := s.create(ctx, "1001", "positivessl"); err != nil {
		return err
	}
	for _, sold := range []struct {
		id, name string
		how      step
	}{{"1002", "shop.example.com", leave}, {"1003", "www.example.org", issue}, {"1004", "mail.example.com", issue}, {"1005", "*.example.net", issue}} {
		if err := s.sell(ctx, sold.id, sold.name, sold.how); err != nil {
			return err
		}
	}
	if err := s.reissue(ctx, "1004", "mail.example.com", leave); err != nil {
		return err
	}
	if _, err := s.bridge.Suspend(ctx, s.caller, "1005"); err != nil {
		return err
	}
	_, err := s.bridge.Renew(ctx, s.caller, "1006", provisioning.RenewRequest{})
	return err
}

// step is what becomes of a submitted certificate.
type step bool

const (
	leave step = false // to be validated
	issue step = true  // validated and issued
)

func (s *demoShop) create(ctx context.Context, id, product string) (provisioning.Result, error) {
	return s.bridge.Create(ctx, s.caller, id, provisioning.CreateRequest{
		Account: demoAccount, Product: product, Years: 1,
		Client: provisioning.Client{ExternalID: "7" + id, Name: "Ann Other", Email: "ann@example.com"},
	})
}

// sell creates and activates a service.
func (s *demoShop) sell(ctx context.Context, id, name string, how step) error {
	product := "positivessl"
	if name[0] == '*' {
		product = "positivessl-wildcard"
	}
	if _, err := s.create(ctx, id, product); err != nil {
		return err
	}
	configuration, err := demoConfiguration(name)
	if err != nil {
		return err
	}
	result, err := s.bridge.Activate(ctx, s.caller, id, configuration)
	if err != nil {
		return err
	}
	return s.settle(ctx, result, how)
}

func (s *demoShop) reissue(ctx context.Context, id, name string, how step) error {
	configuration, err := demoConfiguration(name)
	if err != nil {
		return err
	}
	result, err := s.bridge.Reissue(ctx, s.caller, id, configuration)
	if err != nil {
		return err
	}
	return s.settle(ctx, result, how)
}

// settle has the newest certificate issued, and the mirror see it.
func (s *demoShop) settle(ctx context.Context, result provisioning.Result, how step) error {
	if result.Operation != nil {
		return fmt.Errorf("service %s: %s is still open", result.Service.ServiceID, result.Operation.Kind)
	}
	if how == leave {
		return nil
	}
	lineage := result.Service.Certificates
	if err := s.simulated.Approve(lineage[len(lineage)-1].CertificateID); err != nil {
		return err
	}
	_, err := s.bridge.Synchronize(ctx, s.caller, result.Service.ServiceID)
	return err
}

func (s *demoShop) list(ctx context.Context) ([]demoService, error) {
	notes := map[string]string{
		"1001": "waits for its CSR: activate it",
		"1002": "waits for a DNS record: approve it at the simulator, then synchronize",
		"1003": "issued: download it",
		"1004": "issued, and its reissue waits for validation",
		"1005": "issued, and the service is suspended",
		"1006": "reissued every 45 days, and its renewal waits for a CSR",
	}
	services, err := s.bridge.Services(ctx, provisioning.ServiceQuery{Panel: s.caller.Panel, Limit: 100})
	if err != nil {
		return nil, err
	}
	list := make([]demoService, 0, len(services))
	for _, service := range services {
		one := demoService{
			ServiceID: service.ServiceID, Product: service.Product, Status: string(service.Status()), Note: notes[service.ServiceID],
		}
		if current := service.Current(); current != nil {
			one.CertificateID, one.CommonName = current.CertificateID, current.CommonName
		}
		list = append(list, one)
	}
	return list, nil
}

// demoConfiguration is what a customer would submit. The key is thrown away, as
// nobody installs these certificates.
func demoConfiguration(name string) (provisioning.Configuration, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return provisioning.Configuration{}, err
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: name, Country: []string{"US"}}, DNSNames: []string{name},
	}, key)
	if err != nil {
		return provisioning.Configuration{}, err
	}
	return provisioning.Configuration{
		CSR:        string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: request})),
		WebServer:  "nginx",
		Validation: []provisioning.ValidationChoice{{Method: provisioning.ValidateByDNS}},
		Contact: provisioning.Contact{
			FirstName: "Ann", LastName: "Other", Email: "ann@example.com", Phone: "+1.5551234567", Address1: "1 Main Street",
			City: "Springfield", State: "IL", PostalCode: "62701", Country: "US",
		},
	}, nil
}
