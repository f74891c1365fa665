// SPDX-License-Identifier: Apache-2.0

//go:build unix

package chaos_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"net/http"
	"time"
)

// wish is one thing that a panel wants for a service. It asks until it sees that
// it is so.
type wish struct {
	name string
	// due tells whether it is time to ask; nil: at once.
	due func(v view, now time.Time) bool
	// ask is the request, made when the wish is expressed for the first time.
	ask func(v view) request
	// done tells whether the service is as it was wished.
	done func(v view) bool
	// approve has the authority issue the newest certificate before it is asked for.
	approve bool
	// once is for a panel that asks one time and does not care what becomes of it.
	once bool
	// charge is what it may cost.
	charge charge

	asked    *request
	attempts int
}

// charge is a kind of charge, by the command that makes it.
type charge string

const (
	free       charge = ""
	purchase   charge = "ssl.create"
	renewal    charge = "ssl.renew"
	moreDomain charge = "ssl.purchasemoresans"
)

const dateLayout = "2006-01-02"

// path of a service's action.
func (s *service) path(action string) string { return "/v1/services/" + s.id + "/" + action }

func (s *service) create(domains int) *wish {
	r := request{http.MethodPut, "/v1/services/" + s.id, object{
		"account": s.account, "product": s.product, "years": 1, "additional_domains": domains,
	}}
	return &wish{
		name: "create", charge: purchase,
		ask:  func(view) request { return r },
		done: func(v view) bool { return v.Order != nil },
	}
}

// activate configures what was bought last.
func (s *service) activate() *wish {
	return &wish{
		name: "activate",
		ask: func(view) request {
			body := object{"csr": s.csr, "web_server": "nginx", "validation": object{"method": "dns"}}
			if s.multi {
				body["domains"] = []string{"www." + s.name, "mail." + s.name}
			}
			return request{http.MethodPost, s.path("activate"), body}
		},
		done: func(v view) bool {
			_, status := v.newest()
			return v.Order != nil && status != "awaiting_configuration"
		},
	}
}

// issue has the authority issue the newest certificate, and looks.
func (s *service) issue() *wish {
	return &wish{
		name: "issue", approve: true,
		ask:  func(view) request { return request{http.MethodPost, s.path("synchronize"), nil} },
		done: func(v view) bool { return v.Successor == nil && v.Status != "pending_validation" },
	}
}

// reissue wants another certificate in the same term.
func (s *service) reissue() *wish {
	before := ""
	return &wish{
		name: "reissue",
		ask: func(v view) request {
			before = v.CertificateID
			return request{http.MethodPost, s.path("reissue"), object{"csr": newCSR(s.key, s.name)}}
		},
		done: func(v view) bool {
			return before != "" && (v.CertificateID != before || v.Successor != nil && v.Successor.Reason == "reissue")
		},
	}
}

// domains wants a number of additional domains.
func (s *service) domains(number int) *wish {
	return &wish{
		name: fmt.Sprintf("domains-%d", number), charge: moreDomain,
		ask: func(view) request {
			return request{http.MethodPost, s.path("domains"), object{"additional_domains": number}}
		},
		done: func(v view) bool { return v.AdditionalDomains >= number },
	}
}

// renew wants the next term, when the present one ends.
func (s *service) renew(number int) *wish {
	before := ""
	return &wish{
		name: fmt.Sprintf("renew-%d", number), charge: renewal,
		due: func(v view, now time.Time) bool {
			end, err := time.Parse(dateLayout, v.paidUntil())
			return err == nil && now.After(end.AddDate(0, 0, -85))
		},
		ask: func(v view) request {
			before = v.paidUntil()
			end, _ := time.Parse(dateLayout, before) // due has parsed it
			return request{http.MethodPost, s.path("renew"), object{"years": 1, "paid_until": end.AddDate(1, 0, 0).Format(dateLayout)}}
		},
		done: func(v view) bool { return before != "" && v.paidUntil() > before },
	}
}

func (s *service) terminate() *wish {
	return &wish{
		name: "terminate",
		ask:  func(view) request { return request{http.MethodPost, s.path("terminate"), nil} },
		done: func(v view) bool { return v.State == "terminated" },
	}
}

// newCSR makes a certificate signing request. It panics where that cannot fail.
func newCSR(key *ecdsa.PrivateKey, name string) string {
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: name}}, key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}
