// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/certbridge/certbridge/provisioning"
)

// operatorView is an operation as an operator sees it: what a panel sees of it,
// and everything that helps to find out what became of it.
type operatorView struct {
	operationView
	Panel       string          `json:"panel"`
	Account     string          `json:"account"`
	RequestedBy string          `json:"requested_by"`
	Request     json.RawMessage `json:"request"`
	Attempts    int             `json:"attempts"`
	Noted       *notedView      `json:"noted"`
	Result      *resultView     `json:"result"`
	Looks       int             `json:"looks"`
	LookAt      *string         `json:"look_at"`
	Evidence    *evidenceView   `json:"evidence"`
	Decision    *decisionView   `json:"decision"`
	Decisions   []choiceView    `json:"decisions"`
	Exchanges   []exchangeView  `json:"exchanges"`
	SentAt      *string         `json:"sent_at"`
}

// notedView is what was seen before a charge.
type notedView struct {
	At               string   `json:"at"`
	Balance          *string  `json:"balance"`
	AuthorisedAmount *string  `json:"authorised_amount"`
	Currency         *string  `json:"currency"`
	Ceiling          bool     `json:"ceiling"`
	Total            int      `json:"total"`
	Newest           []string `json:"newest"`
	Domains          *int     `json:"domains"`
}

type resultView struct {
	CertificateID *string `json:"certificate_id"`
	OrderID       *string `json:"order_id"`
	TransactionID *string `json:"transaction_id"`
	ChargedAmount *string `json:"charged_amount"`
	Currency      *string `json:"currency"`
	ChargedBy     *string `json:"charged_by"`
}

type evidenceView struct {
	At         string          `json:"at"`
	Balance    *string         `json:"balance"`
	Currency   *string         `json:"currency"`
	Total      int             `json:"total"`
	Domains    *int            `json:"domains"`
	Candidates []candidateView `json:"candidates"`
	Conclusion string          `json:"conclusion"`
}

type candidateView struct {
	CertificateID   string  `json:"certificate_id"`
	ProviderProduct string  `json:"provider_product"`
	ProviderStatus  string  `json:"provider_status"`
	Years           *int    `json:"years"`
	PurchasedOn     *string `json:"purchased_on"`
}

// decisionView is what a person decided.
type decisionView struct {
	Verdict       provisioning.Verdict `json:"verdict"`
	CertificateID *string              `json:"certificate_id"`
	DecidedBy     string               `json:"decided_by"`
	At            string               `json:"at"`
	Note          *string              `json:"note"`
}

// choiceView is what a person may decide, and the command that does it.
type choiceView struct {
	Verdict       provisioning.Verdict `json:"verdict"`
	CertificateID *string              `json:"certificate_id"`
	Command       string               `json:"command"`
}

type exchangeView struct {
	Command string  `json:"command"`
	SentAt  string  `json:"sent_at"`
	TookMs  int64   `json:"took_ms"`
	Request string  `json:"request"`
	Answer  *string `json:"answer"`
	Problem *string `json:"problem"`
}

// operations lists operations of all panels: the open ones unless a state is
// asked for.
func (s *Server) operations(c *call) (answer, error) {
	parameters, err := c.query("state", "account", "after", "limit")
	if err != nil {
		return answer{}, err
	}
	limit, err := pageLimit(parameters)
	if err != nil {
		return answer{}, err
	}
	query := provisioning.OperationQuery{Account: parameters.Get("account"), After: parameters.Get("after"), Limit: limit + 1}
	if state := provisioning.OperationState(parameters.Get("state")); state != "" {
		if !slices.Contains(operationStates, state) {
			return answer{}, invalidField("state", "there is no such state")
		}
		query.States = []provisioning.OperationState{state}
	}
	found, err := s.bridge.Operations(c.Request().Context(), query)
	if err != nil {
		return answer{}, err
	}
	page := struct {
		Operations []operatorView `json:"operations"`
		Next       *string        `json:"next"`
	}{Operations: []operatorView{}}
	for i, operation := range found {
		if i == limit {
			page.Next = textOrNull(found[i-1].ID)
			break
		}
		page.Operations = append(page.Operations, s.viewForOperator(operation))
	}
	return jsonAnswer(http.StatusOK, page)
}

var operationStates = []provisioning.OperationState{
	provisioning.OperationRecorded, provisioning.OperationSent, provisioning.OperationSucceeded, provisioning.OperationRefused,
	provisioning.OperationUncertain, provisioning.OperationNeedsAttention,
}

func (s *Server) viewForOperator(o provisioning.Operation) operatorView {
	v := operatorView{
		operationView: viewOf(o), Panel: o.Panel, Account: o.Account, RequestedBy: o.RequestedBy, Request: jsonObject(o.Request),
		Attempts: o.Attempts, Looks: o.Looks, LookAt: instantOrNull(o.LookAt), SentAt: instantOrNull(o.SentAt),
		Result: resultOf(o.Result), Noted: notedOf(o.Noted), Evidence: evidenceOf(o.Evidence), Decisions: choiceViews(o.ID, s.bridge.Choices(o)),
		Exchanges: []exchangeView{},
	}
	if d := o.Decision; d != nil {
		v.Decision = &decisionView{
			Verdict: d.Verdict, CertificateID: textOrNull(d.CertificateID), DecidedBy: d.DecidedBy, At: instant(d.At), Note: textOrNull(d.Note),
		}
	}
	for _, e := range o.Exchanges {
		v.Exchanges = append(v.Exchanges, exchangeView{
			Command: e.Command, SentAt: instant(e.SentAt), TookMs: e.Took.Milliseconds(), Request: e.Request,
			Answer: textOrNull(e.Answer), Problem: textOrNull(e.Problem),
		})
	}
	return v
}

// jsonObject passes a JSON object on as it is kept, and nothing else.
func jsonObject(text string) json.RawMessage {
	object := bytes.TrimSpace([]byte(text))
	if !json.Valid(object) || object[0] != '{' {
		return json.RawMessage("null")
	}
	return object
}

func notedOf(n *provisioning.Noted) *notedView {
	if n == nil {
		return nil
	}
	v := &notedView{
		At: instant(n.At), Balance: amountOrNull(n.Balance), AuthorisedAmount: amountOrNull(n.Authorised),
		Currency: currencyOf(n.Balance, n.Authorised), Ceiling: n.Ceiling, Total: n.Total, Newest: orEmpty(n.Newest),
		Domains: numberOrNull(n.Domains),
	}
	return v
}

func resultOf(r provisioning.OperationResult) *resultView {
	if r == (provisioning.OperationResult{}) {
		return nil
	}
	return &resultView{
		CertificateID: textOrNull(r.CertificateID), OrderID: textOrNull(r.OrderID), TransactionID: textOrNull(r.TransactionID),
		ChargedAmount: amountOrNull(r.Charged), Currency: currencyOf(r.Charged), ChargedBy: textOrNull(string(r.ChargedBy)),
	}
}

func evidenceOf(e *provisioning.Evidence) *evidenceView {
	if e == nil {
		return nil
	}
	v := &evidenceView{
		At: instant(e.At), Balance: amountOrNull(e.Balance), Currency: currencyOf(e.Balance), Total: e.Total,
		Domains: numberOrNull(e.Domains), Candidates: []candidateView{}, Conclusion: e.Conclusion,
	}
	for _, c := range e.Candidates {
		v.Candidates = append(v.Candidates, candidateView{
			CertificateID: c.CertificateID, ProviderProduct: c.ProviderProduct, ProviderStatus: c.ProviderStatus,
			Years: numberOrNull(c.Years), PurchasedOn: textOrNull(c.PurchasedOn),
		})
	}
	return v
}

// choiceViews are what a person may decide, each with its command.
func choiceViews(operationID string, choices []provisioning.Choice) []choiceView {
	views := []choiceView{}
	for _, choice := range choices {
		words := []string{strings.ReplaceAll(string(choice.Verdict), "_", "-"), operationID}
		if choice.Verdict == provisioning.VerdictAdopt {
			words = append(words, cmp.Or(choice.CertificateID, "CERTIFICATE"))
		}
		views = append(views, choiceView{
			Verdict: choice.Verdict, CertificateID: textOrNull(choice.CertificateID), Command: reconcileCommand(words...),
		})
	}
	return views
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// reconcileCommand writes a command that can be pasted into a shell: ids come
// from outside.
func reconcileCommand(words ...string) string {
	command := "certbridge reconcile"
	for _, word := range words {
		if !plainWord.MatchString(word) {
			word = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
		command += " " + word
	}
	return command
}

func amountOrNull(m provisioning.Money) *string {
	if m.IsZero() {
		return nil
	}
	return textOrNull(m.String())
}

// currencyOf is the currency of the first amount that has one.
func currencyOf(amounts ...provisioning.Money) *string {
	for _, m := range amounts {
		if m.Currency != "" {
			return textOrNull(m.Currency)
		}
	}
	return nil
}

func numberOrNull(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}
