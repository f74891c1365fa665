// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

const (
	panel   = "panel-1"
	account = "shop-sandbox"
)

// noon has microseconds, which a store must keep.
func noon() time.Time { return time.Date(2026, 11, 22, 12, 34, 56, 789_012_000, time.UTC) }

// emptyService is a service for which nothing has been bought.
func emptyService(serviceID string) provisioning.Service {
	return provisioning.Service{
		Panel: panel, ServiceID: serviceID, Account: account, Provider: "shop", Environment: provisioning.Sandbox,
		Product: "positivessl", Years: 1, State: provisioning.ServiceActive, CreatedAt: noon(), UpdatedAt: noon(),
	}
}

// fullService has every field set, with a reissue and a renewal. Its provider
// ids begin with its own id.
func fullService(serviceID string) provisioning.Service {
	s := emptyService(serviceID)
	s.Years, s.AdditionalDomains, s.SynchronizedAt = 2, 3, noon().Add(time.Hour)
	s.Watch = provisioning.Watch{WatchAt: noon().Add(time.Minute), WatchSince: noon()}
	s.State = provisioning.ServiceSuspended
	s.DueDate = provisioning.DueDate{
		Accepted: provisioning.Date{Year: 2028, Month: time.February, Day: 29}, Previous: provisioning.Date{Year: 2027, Month: time.December, Day: 31},
		Held: provisioning.Date{Year: 2027, Month: time.January, Day: 1}, HeldBecause: provisioning.HeldBackward,
		Rejected: provisioning.Date{Year: 2026, Month: time.June, Day: 30},
	}
	s.Client = provisioning.Client{ExternalID: "77", Name: "Änn Öther 🔒", Email: "ann@example.test"}
	s.Orders = []provisioning.Order{order(serviceID+"-o1", ""), order(serviceID+"-o2", serviceID+"-o1")}
	s.Certificates = []provisioning.Certificate{
		issuedCertificate(serviceID+"-c1", serviceID+"-o1"),
		{
			CertificateID: serviceID + "-c2", OrderID: serviceID + "-o1", Reason: provisioning.ReasonReissue, Replaces: serviceID + "-c1",
			Status: provisioning.StatusPendingValidation, ProviderStatus: "purchased", CSR: "-----BEGIN", CreatedAt: noon(),
			CommonName: "example.com", Domains: []string{"www.example.com", "xn--bcher-kva.example"},
			Validation: []provisioning.DomainValidation{
				{
					Domain: "example.com", Method: provisioning.ValidateByDNS, Status: provisioning.ValidationPending,
					Record: &provisioning.ValidationRecord{Name: "_abc.example.com", Type: "CNAME", Value: "def. <ghi> "},
				},
				{
					Domain: "www.example.com", Method: provisioning.ValidateByHTTP, Status: provisioning.ValidationCompleted,
					File: &provisioning.ValidationFile{URL: "http://www.example.com/a&b", Content: "line\r\nline\n"},
				},
				{
					Domain: "xn--bcher-kva.example", Method: provisioning.ValidateByEmail, Status: provisioning.ValidationPending,
					ApproverEmail: "admin@xn--bcher-kva.example",
				},
			},
		},
		{
			CertificateID: serviceID + "-c3", OrderID: serviceID + "-o2", Reason: provisioning.ReasonRenewal, Replaces: serviceID + "-c1",
			Status: provisioning.StatusAwaitingConfiguration, ProviderStatus: "newpurchase", CreatedAt: noon(),
			ActivationEndsOn: provisioning.Date{Year: 2027, Month: time.February, Day: 28},
		},
	}
	return s
}

func order(id, predecessor string) provisioning.Order {
	return provisioning.Order{
		OrderID: id, TransactionID: "T" + id, Predecessor: predecessor, Years: 1,
		Charged:     provisioning.Money{Units: 78_800, Currency: "USD"},
		PurchasedOn: provisioning.Date{Year: 2026, Month: time.November, Day: 22},
		Term: provisioning.Term{
			StartsOn: provisioning.Date{Year: 2026, Month: time.November, Day: 22},
			EndsOn:   provisioning.Date{Year: 2028, Month: time.February, Day: 29},
		},
		LinkedBy: "operator:Änn",
	}
}

func certificate(id, orderID string) provisioning.Certificate {
	return provisioning.Certificate{
		CertificateID: id, OrderID: orderID, Reason: provisioning.ReasonPurchase,
		Status: provisioning.StatusAwaitingConfiguration, ProviderStatus: "newpurchase", CreatedAt: noon(),
	}
}

func issuedCertificate(id, orderID string) provisioning.Certificate {
	c := certificate(id, orderID)
	c.Status, c.ProviderStatus, c.StatusDetail = provisioning.StatusIssued, "active", "issued by the authority"
	c.ReplacedBy, c.ProviderProduct = id+"-next", "PositiveSSL"
	c.CommonName, c.WebServer = "example.com", "nginx"
	c.ExpiresOn = provisioning.Date{Year: 2027, Month: time.June, Day: 9}
	c.Contact = provisioning.Contact{
		FirstName: "Ånn", LastName: "Döe", JobTitle: "CEO", Email: "ann@example.test", Phone: "+1.5551234567", Organization: "Example & Söhne",
		Address1: "1 Main St", Address2: "2nd floor", City: "Town", State: "ST", PostalCode: "12345", Country: "US",
	}
	c.Leaf = &provisioning.Leaf{
		SerialNumber: "0a1b2c", NotBefore: noon().Truncate(time.Second), NotAfter: noon().AddDate(0, 0, 199).Truncate(time.Second),
		Issuer: "CN=Test CA,O=Example", PEM: "-----BEGIN CERTIFICATE-----\n", Chain: []string{"-----BEGIN one", "-----BEGIN two"},
	}
	return c
}

func operation(id string, s provisioning.Service) *provisioning.Operation {
	return &provisioning.Operation{
		ID: id, Kind: provisioning.OperationPurchase, State: provisioning.OperationRecorded, Panel: s.Panel, ServiceID: s.ServiceID,
		Account: s.Account, RequestedBy: "panel:key-1", Request: `{"product":"positivessl"}`, CreatedAt: noon(), UpdatedAt: noon(),
	}
}
