// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"net/http"

	"github.com/certbridge/certbridge/provisioning"
)

// validationChoices is either one choice for all names, {"method": "dns"}, or a
// list with one choice per name.
type validationChoices []provisioning.ValidationChoice

// UnmarshalJSON reads both forms. Unknown fields are refused here too; the
// decoder around it does not carry that over.
func (v *validationChoices) UnmarshalJSON(text []byte) error {
	switch text = bytes.TrimSpace(text); text[0] {
	case '{':
		var one struct {
			Method        provisioning.ValidationMethod `json:"method"`
			ApproverEmail string                        `json:"approver_email"`
		}
		if err := decodeStrictly(text, &one); err != nil {
			return err
		}
		*v = validationChoices{{Method: one.Method, ApproverEmail: one.ApproverEmail}}
		return nil
	case '[':
		var list []struct {
			Domain        string                        `json:"domain"`
			Method        provisioning.ValidationMethod `json:"method"`
			ApproverEmail string                        `json:"approver_email"`
		}
		if err := decodeStrictly(text, &list); err != nil {
			return err
		}
		*v = validationChoices{}
		for _, choice := range list {
			if choice.Domain == "" {
				return invalidField("validation", "each entry of the list needs its domain")
			}
			*v = append(*v, provisioning.ValidationChoice(choice))
		}
		return nil
	case 'n': // null: left out
		return nil
	default:
		return invalidField("validation", "an object, or a list with one object per domain, is expected")
	}
}

// validation tells what the customer must do now: about the certificate that is
// named, else about the one under validation if there is one, else about the one
// in use.
func (s *Server) validation(c *call) (answer, error) {
	id, err := c.certificateID()
	if err != nil {
		return answer{}, err
	}
	service, err := s.bridge.Service(c.Request().Context(), c.panel(), c.serviceID())
	if err != nil {
		return answer{}, err
	}
	view := struct {
		CertificateID *string                         `json:"certificate_id"`
		Status        provisioning.Status             `json:"status"`
		Validation    []provisioning.DomainValidation `json:"validation"`
	}{Status: service.Status(), Validation: []provisioning.DomainValidation{}}
	subject := service.UnderValidation()
	if subject == nil {
		subject = service.Current()
	}
	if id != "" {
		if subject = service.Certificate(id); subject == nil {
			return answer{}, certificateNotFound()
		}
	}
	if subject != nil {
		view.CertificateID, view.Status = textOrNull(subject.CertificateID), subject.Status
		view.Validation = orEmpty(subject.Validation)
	}
	return jsonAnswer(http.StatusOK, view)
}

// certificateID is the certificate of which the query speaks, "" if of none.
func (c *call) certificateID() (string, error) {
	parameters, err := c.query("certificate_id")
	return parameters.Get("certificate_id"), err
}

func (s *Server) changeValidation(c *call) (answer, error) {
	id, err := c.certificateID()
	if err != nil {
		return answer{}, err
	}
	var body struct {
		Validation validationChoices `json:"validation"`
	}
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	if len(body.Validation) == 0 {
		return answer{}, invalidField("validation", "this field is needed")
	}
	result, err := s.bridge.ChangeValidation(c.Request().Context(), c.caller(), c.serviceID(), id, body.Validation)
	return s.result(c, result, err)
}

func (s *Server) retryValidation(c *call) (answer, error) {
	id, err := c.certificateID()
	if err != nil {
		return answer{}, err
	}
	if err := c.decodeOptional(&struct{}{}); err != nil {
		return answer{}, err
	}
	result, err := s.bridge.RetryValidation(c.Request().Context(), c.caller(), c.serviceID(), id)
	return s.result(c, result, err)
}
