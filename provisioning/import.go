// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// ImportState is what became of one line of an import.
type ImportState string

// The states of a line. Linkable: nothing speaks against it, and nothing was done
// because nothing was to be. Skipped: it could not be linked; the reason is told.
const (
	ImportLinked   ImportState = "linked"
	ImportLinkable ImportState = "linkable"
	ImportAlready  ImportState = "already_linked"
	ImportSkipped  ImportState = "skipped"
)

// ImportOutcome is what became of one line.
type ImportOutcome struct {
	State  ImportState
	Code   string // why it was skipped, see Error.Code; "" for the other states
	Detail string // one sentence for staff; "" for what was linked before
	// Retryable tells that the same line may well be linked later.
	Retryable bool
}

// ImportProgress is how far an import is.
type ImportProgress struct {
	PagesRead, PagesTotal int // of the provider's list, for what no synchronization saw
	LinesDone, LinesTotal int
	WaitingFor            string // why no call can be made at present; "" if one can
}

// Import links certificates that the provider holds to the services of a reseller
// who comes with many, each as Link does. Every line is checked before the first
// is linked; only with apply is any. It asks the provider for the list where no
// synchronization has seen a certificate, a call for each hundred, and then once
// about each certificate that is linked, at the lowest priority and for as long as
// the account's calls take. A line that fails holds up no other. It can be made again: what is linked already is left alone.
//
// The outcomes are in the order of the requests. The error is that of a store that
// does not answer, or of ctx; the outcomes that are known by then are given all
// the same.
func (b *Bridge) Import(ctx context.Context, operator string, requests []LinkRequest, apply bool, progress func(ImportProgress)) ([]ImportOutcome, error) {
	if progress == nil {
		progress = func(ImportProgress) {}
	}
	i := &importing{
		bridge: b, operator: operator, requests: requests, progress: progress, outcomes: make([]ImportOutcome, len(requests)), contradicted: map[int]bool{},
		lines: make([]*linking, len(requests)), at: ImportProgress{LinesTotal: len(requests)},
	}
	err := i.run(WithPriority(ctx, PrioritySynchronization), apply)
	return i.outcomes, err
}

// importing is one import.
type importing struct {
	bridge   *Bridge
	operator string
	requests []LinkRequest
	lines    []*linking // nil for a line that is settled
	outcomes []ImportOutcome
	// contradicted are the lines that another line contradicts.
	contradicted map[int]bool
	mu           sync.Mutex // of what follows
	at           ImportProgress
	progress     func(ImportProgress)
}

func (i *importing) run(ctx context.Context, apply bool) error {
	patient := i.patient(ctx)
	i.checkRequests(patient)
	i.checkDuplicates()
	for _, name := range i.bridge.names {
		if err := i.checkAccount(ctx, patient[name]); err != nil {
			return err
		}
	}
	i.tell()
	for at, line := range i.lines {
		if line == nil {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := i.finish(ctx, at, line, apply); err != nil {
			return err
		}
		i.tell()
	}
	return nil
}

// patient are the accounts with providers that wait for their turn.
func (i *importing) patient(ctx context.Context) map[string]Account {
	accounts := make(map[string]Account, len(i.bridge.accounts))
	for name, account := range i.bridge.accounts {
		account.Upstream = &patientUpstream{
			Provider: account.Upstream, bridge: i.bridge, ctx: ctx, slots: make(chan struct{}, 1), told: i.waits,
		}
		accounts[name] = account
	}
	return accounts
}

// waits reports what calls wait for.
func (i *importing) waits(waitingFor string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.at.WaitingFor = waitingFor
	i.progress(i.at)
}

// tell reports how many lines are settled.
func (i *importing) tell() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.at.LinesDone = 0
	for _, outcome := range i.outcomes {
		if outcome.State != "" {
			i.at.LinesDone++
		}
	}
	i.progress(i.at)
}

// settle ends a line.
func (i *importing) settle(at int, outcome ImportOutcome) {
	i.outcomes[at], i.lines[at] = outcome, nil
}

// skip ends a line that cannot be linked. What is no answer about the line ends the
// import.
func (i *importing) skip(at int, err error) error {
	var told *Error
	if !errors.As(err, &told) || told.Code == "store_unavailable" {
		return err
	}
	detail := told.Detail
	if told.Upstream.Message != "" {
		detail += " (" + told.Upstream.Message + ")"
	}
	i.settle(at, ImportOutcome{State: ImportSkipped, Code: told.Code, Detail: detail, Retryable: told.Retryable})
	return nil
}

// checkRequests sorts out what is wrong by itself.
func (i *importing) checkRequests(patient map[string]Account) {
	for at, request := range i.requests {
		account, err := i.bridge.checkLink(request)
		if err == nil {
			account = patient[account.Name]
		}
		i.lines[at] = &linking{bridge: i.bridge, account: account, operator: i.operator, request: request}
		if err != nil {
			_ = i.skip(at, err) // it is always one about the line
		}
	}
}

// checkDuplicates sorts out lines that contradict each other. Which one is right
// only a person knows. Equal lines do no harm.
func (i *importing) checkDuplicates() {
	type certificate struct{ account, id string }
	services, certificates := map[Owner]int{}, map[certificate]int{}
	for at, line := range i.lines {
		if line == nil {
			continue
		}
		service, held := line.owner(), certificate{line.account.Name, line.request.CertificateID}
		if first, twice := certificates[held]; twice && (i.requests[first] != line.request || i.contradicted[first]) {
			i.contradict(first, at, "duplicate_certificate", "certificate "+held.id)
		} else if first, twice := services[service]; twice && (i.requests[first] != line.request || i.contradicted[first]) {
			i.contradict(first, at, "duplicate_service", "service "+service.ServiceID)
		}
		if _, known := certificates[held]; !known {
			certificates[held] = at
		}
		if _, known := services[service]; !known {
			services[service] = at
		}
	}
}

func (i *importing) contradict(first, second int, code, what string) {
	for _, at := range []int{first, second} {
		i.contradicted[at] = true
		i.settle(at, ImportOutcome{State: ImportSkipped, Code: code,
			Detail: fmt.Sprintf("Another line of the file names %s too, with something else.", what)})
	}
}

// checkAccount looks up the certificates of one account: who owns them, and what
// the list says of them.
func (i *importing) checkAccount(ctx context.Context, account Account) error {
	ids, err := i.unowned(ctx, account)
	if err != nil || len(ids) == 0 {
		return err
	}
	rows, unread, err := i.bridge.listedRows(ctx, account, ids, func(read, total int) {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.at.PagesRead, i.at.PagesTotal = read, total
		i.progress(i.at)
	})
	if err != nil {
		return err
	}
	for at, line := range i.lines {
		if line == nil || line.account.Name != account.Name {
			continue
		}
		row, found := rows[line.request.CertificateID]
		switch {
		case found:
			line.row, line.listed = &row, true
		case unread != nil:
			err = i.skip(at, unread)
		default:
			i.settle(at, ImportOutcome{State: ImportSkipped, Code: "certificate_unknown_upstream",
				Detail: fmt.Sprintf("The provider's list does not have certificate %s.", line.request.CertificateID)})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unowned settles the lines of an account whose certificates belong to somebody,
// and gives the ids of the others.
func (i *importing) unowned(ctx context.Context, account Account) (ids []string, err error) {
	for _, line := range i.lines {
		if line != nil && line.account.Name == account.Name {
			ids = append(ids, line.request.CertificateID)
		}
	}
	owners, err := i.bridge.store.Owners(ctx, account.Name, ids)
	if err != nil {
		return nil, storeUnavailable(err)
	}
	ids = ids[:0]
	for at, line := range i.lines {
		if line == nil || line.account.Name != account.Name {
			continue
		}
		id := line.request.CertificateID
		owner, owned := owners[id]
		switch {
		case !owned:
			ids = append(ids, id)
		case owner == line.owner():
			i.settle(at, ImportOutcome{State: ImportAlready})
		default:
			_ = i.skip(at, ownedBy(id, owner))
		}
	}
	return ids, nil
}

// finish links a line, or tells whether it could be.
func (i *importing) finish(ctx context.Context, at int, line *linking, apply bool) error {
	if !apply {
		before, err := line.service(ctx)
		if err == nil {
			err = line.check(before)
		}
		if err != nil {
			return i.skip(at, err)
		}
		i.settle(at, ImportOutcome{State: ImportLinkable, Detail: line.plan(before)})
		return nil
	}
	result, err := i.bridge.link(ctx, line)
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return i.skip(at, err)
	case result.Unchanged:
		i.settle(at, ImportOutcome{State: ImportAlready})
	default:
		i.settle(at, ImportOutcome{State: ImportLinked, Detail: line.done(result)})
	}
	return nil
}

// plan says what linking would do, as far as the list tells.
func (l *linking) plan(before *Service) string {
	service := "a new service"
	if before != nil {
		service = "the service that is there"
		if len(before.Certificates) > 0 {
			// What it is to that one, only the provider's details tell, which a plan does
			// not ask for.
			return service + ", after " + before.Certificates[len(before.Certificates)-1].CertificateID + ", if the provider says that it follows it"
		}
	}
	if l.years() == 0 || l.purchasedOn().IsZero() {
		return service
	}
	return fmt.Sprintf("%s, term until %s", service, firstTerm(l.purchasedOn(), l.years()).EndsOn)
}

func (l *linking) done(result Result) string {
	s := result.Service
	return fmt.Sprintf("%s, term until %s", s.Status(), s.PaidUntil())
}
