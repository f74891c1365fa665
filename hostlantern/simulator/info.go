// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"bytes"
	"strconv"
	"strings"
)

// info is ssl.getInfo.
func (s *Simulator) info(c *call, x *xmlWriter) *apiError {
	foreign := invalidID()
	if s.switches.ForeignID == "5050900" {
		foreign = refuse("5050900", "Unhandled exceptions")
	}
	found, refused := s.byID(c, 10, invalidID(), foreign)
	if refused != nil {
		return refused
	}
	begin := len(x.b)
	x.open("SSLGetInfoResult", s.infoAttributes(c, found)...)
	if s.switches.TouchingInfo {
		touch(x, begin)
	}
	if found.request != nil && found.status != newPurchase && found.status != newRenewal {
		if refused := s.writeDetails(c, x, found); refused != nil {
			return refused
		}
		x.open("Provider")
		x.element("OrderID", decimal(found.order.provider))
		x.element("Name", providerName(found.order))
		x.close("Provider")
	}
	x.close("SSLGetInfoResult")
	return nil
}

// touch makes the OrderId and ReplacedBy attributes touch, as they do in the
// provider's printed sample.
func touch(x *xmlWriter, begin int) {
	x.b = append(x.b[:begin], bytes.Replace(x.b[begin:], []byte(`" ReplacedBy=`), []byte(`"ReplacedBy=`), 1)...)
}

func (s *Simulator) infoAttributes(c *call, found *certificate) []string {
	word, replacedBy := s.word(found, c.now), ""
	if found.status == replaced {
		replacedBy = decimal(found.replacedBy.id)
		if s.switches.ActiveWithReplacedBy && !found.revoked {
			word = string(active)
		}
	}
	if s.switches.ReplacedBy == TopologyCycle && replacedBy == "" && found.replaces != nil {
		oldest := found.replaces
		for oldest.replaces != nil {
			oldest = oldest.replaces
		}
		word, replacedBy = string(replaced), decimal(oldest.id)
	}
	deadline := ""
	if found.status == newPurchase || found.status == newRenewal {
		deadline = wireDate(found.order.activationBefore, s.switches.InfoDates)
	}
	attributes := []string{
		"Status", letterCase(word, s.switches.InfoStatusCase), "StatusDescription", s.describe(found, word),
		"Type", lower(found.product.name), "IssuedOn", wireDate(found.issuedAt, s.switches.InfoDates),
	}
	if s.switches.YearsAttribute {
		attributes = append(attributes, "Years", strconv.Itoa(found.order.years))
	}
	return append(attributes, "Expires", wireDate(s.expires(found), s.switches.InfoDates), "ActivationExpireDate", deadline,
		"OrderId", decimal(found.order.id), "ReplacedBy", replacedBy, "SANSCount", s.sansCount(found.order))
}

func (s *Simulator) describe(found *certificate, word string) string {
	switch word {
	case "active":
		return "Certificate is Active."
	case "newpurchase":
		return "Certificate has been purchased and awaits its activation."
	case "newrenewal":
		return "Certificate is a Renewal and awaits its activation."
	case "inprogress":
		if found.order.renewalOf != nil {
			return "Renewal is in progress."
		}
		return "Certificate is in progress."
	case "purchased":
		return "Certificate is being validated."
	}
	return "Certificate is " + word + "."
}

func providerName(o *order) string {
	if o.sslcom {
		return "SSLCOM"
	}
	return "COMODO"
}

func (s *Simulator) writeDetails(c *call, x *xmlWriter, found *certificate) *apiError {
	x.open("CertificateDetails")
	x.cdata("CSR", "\n"+found.request.pem+"\n")
	x.element("ApproverEmail", found.approver)
	x.element("CommonName", found.request.commonName)
	x.element("AdministratorName", found.order.adminName)
	x.element("AdministratorEmail", found.order.adminEmail)
	if found.leaf != nil {
		if refused := s.writeCertificates(c, x, found); refused != nil {
			return refused
		}
	}
	x.close("CertificateDetails")
	return nil
}

// writeCertificates writes the files of an issued certificate, if they were
// asked for and a known layout with them.
func (s *Simulator) writeCertificates(c *call, x *xmlWriter, found *certificate) *apiError {
	form := c.get("returntype")
	individual, bundle := strings.EqualFold(form, "individual"), strings.EqualFold(form, "pkcs7")
	if wanted, _ := readFlag(c.get("returncertificate")); !wanted || !individual && !bundle {
		x.empty("Certificates", "CertificateReturned", "false", "ReturnType", "")
		return nil
	}
	chain := s.authority.chain(s.chainLength())
	x.open("Certificates", "CertificateReturned", "true", "ReturnType", form)
	if bundle {
		text, err := bundlePKCS7(append([][]byte{found.leaf}, chain...))
		if err != nil {
			return refuse("5050900", "Unhandled exceptions")
		}
		x.cdata("Certificate", "\n"+text)
	} else {
		x.cdata("Certificate", "\n"+certificatePEM(found.leaf))
	}
	if individual || s.switches.PKCS7 == PKCS7WithCAElements {
		x.open("CaCertificates")
		for _, der := range chain {
			x.open("Certificate", "Type", "INTERMEDIATE")
			x.cdata("Certificate", "\n"+certificatePEM(der))
			x.close("Certificate")
		}
		x.close("CaCertificates")
	}
	x.close("Certificates")
	return nil
}

func (s *Simulator) chainLength() int {
	switch {
	case s.switches.ChainLength > 0:
		return s.switches.ChainLength
	case s.environment == production:
		return 3
	}
	return 1
}
