// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Kinds of switch values. Each is a short word, the same in Go and in the
// control API.
type (
	// ThrottleForm is how a throttled call is refused.
	ThrottleForm string
	// FundsRule is when a purchase is refused for want of funds.
	FundsRule string
	// WarningsForm is what the Warnings node of an answer looks like.
	WarningsForm string
	// ServerForm is what the Server node of an answer says.
	ServerForm string
	// ListForm is how many rows getList pretends to have.
	ListForm string
	// BeyondEnd is what getList answers for a page after the last.
	BeyondEnd string
	// PKCS7Layout is how getInfo wraps a PKCS7 bundle.
	PKCS7Layout string
	// DatePadding is whether days and months have leading zeros.
	DatePadding string
	// LetterCase is the letter case of a status word.
	LetterCase string
	// DCVShape is the shape of the validation values of SSL.com orders.
	DCVShape string
	// DCVWrapper is how activate and reissue wrap validation values.
	DCVWrapper string
	// Separator stands between the parts of a validation file.
	Separator string
	// ReplacedOn is the moment at which a reissued certificate turns replaced.
	ReplacedOn string
	// Topology is the shape that ReplacedBy references take.
	Topology string
	// ReissuePrice is whether a reissue inside the term costs anything.
	ReissuePrice string
	// ReissueValidation is whether a reissue needs domain validation again.
	ReissueValidation string
	// CountRule is what SANSCount counts.
	CountRule string
	// ExpiryMeaning is which date Expires and ExpireDate give.
	ExpiryMeaning string
	// VettedIssuing is whether OV and EV certificates are ever issued.
	VettedIssuing string
)

// The values of the switches.
const (
	Throttle405    ThrottleForm = "405"    // HTTP 405 before execution
	Throttle500000 ThrottleForm = "500000" // HTTP 200 with error 500000

	FundsByBalance FundsRule = "balance" // refused when the balance is short
	FundsNever     FundsRule = "never"   // always refused, whatever the balance
	FundsAlways    FundsRule = "always"  // never refused; the balance may go below zero

	WarningsEmpty  WarningsForm = "empty"
	WarningsFilled WarningsForm = "filled"
	WarningsAbsent WarningsForm = "absent"

	ServerByEnvironment ServerForm = "environment"
	ServerProduction    ServerForm = "production"
	ServerSandbox       ServerForm = "sandbox"
	ServerHex           ServerForm = "hex"
	ServerAbsent        ServerForm = "absent"

	ListByData ListForm = "data"
	ListEmpty  ListForm = "empty"
	ListSingle ListForm = "single"
	ListTwo    ListForm = "two"
	ListMany   ListForm = "many" // the account is filled up to 250 rows

	BeyondEmpty    BeyondEnd = "empty"
	BeyondLastPage BeyondEnd = "last_page"
	BeyondError    BeyondEnd = "error"

	PKCS7One            PKCS7Layout = "one_certificate"
	PKCS7WithCAElements PKCS7Layout = "with_ca_certificates"

	Padded   DatePadding = "padded"
	Unpadded DatePadding = "unpadded"

	LowerCase LetterCase = "lower"
	UpperCase LetterCase = "upper"
	MixedCase LetterCase = "mixed" // NewPurchase

	ShapeComodo DCVShape = "comodoca"
	ShapeOpaque DCVShape = "opaque"

	WrapperDNS  DCVWrapper = "dns"
	WrapperFlat DCVWrapper = "flat" // before 2017: values of the first domain only

	SeparatorBlank   Separator = "blank"
	SeparatorNewline Separator = "newline"

	ReplacedOnAcceptance ReplacedOn = "acceptance"
	ReplacedOnIssuance   ReplacedOn = "issuance"

	TopologySingle Topology = "single"
	TopologyChain  Topology = "chain" // a reissue inserts an id that is itself replaced
	TopologyCycle  Topology = "cycle" // the newest id says it was replaced by the oldest

	ReissueFree    ReissuePrice = "free"
	ReissueCharged ReissuePrice = "charged"

	ValidationReused ReissueValidation = "reused"
	ValidationAgain  ReissueValidation = "again"

	CountIncludedAndAdded CountRule = "included_and_added"
	CountAdded            CountRule = "added"

	ExpiresLeaf ExpiryMeaning = "leaf"
	ExpiresTerm ExpiryMeaning = "term"

	VettedByEnvironment VettedIssuing = "environment" // never in sandbox
	VettedNever         VettedIssuing = "never"
	VettedAlways        VettedIssuing = "always"
)

// Switches are the questions about the provider that have more than one
// possible answer, and the standing faults. A value made by hand should start
// from DefaultSwitches; only the zero value as a whole stands for the defaults.
// The snake_case name of a field is its name in the control API.
type Switches struct {
	// Transport and envelope.

	CommandPrefix string // before the group of a command; default "namecheap."
	Namespace     bool   // xmlns on the envelope; default true
	NamespaceURI  string // default "http://api.namecheap.com/xml.response"

	Latency           time.Duration            // wait before every execution; default none
	CommandLatency    map[string]time.Duration // the same by last part of the command ("create"), any case; default none
	ConnectionDrop    bool                     // execute, then close the connection unanswered; default off
	HTMLBody          bool                     // execute, then answer an HTML page with 200; default off
	WrongKey          bool                     // every key is refused with 1011102; default off
	WrongAddress      bool                     // every address is refused with 1011150, after the key; default off
	IsSuccessFalse    bool                     // not executed, Status OK, IsSuccess="false" (renew: CertificateID="0"); default off
	ErrorWithResult   bool                     // a refusal carries a result that looks like success; default off
	MultipleErrors    bool                     // a refusal carries a second, general Error; default off
	Warnings          WarningsForm             // default empty
	Server            ServerForm               // default by environment
	TimeDifference    string                   // GMTTimeDifference verbatim; default "": --4:00 or --5:00 by date
	TouchingInfo      bool                     // getInfo attributes touch, which is not well-formed XML; default off
	UnclosedRevoke    bool                     // the result element of revokecertificate is not closed; default off
	ThrottleForm      ThrottleForm             // default HTTP 405
	ThrottlePerMinute int                      // calls per account in any minute, 0 is no limit; default 20
	ThrottlePerHour   int                      // default 700
	ThrottlePerDay    int                      // default 8000
	ThrottleBan       time.Duration            // refusal time once a limit is passed; default 0: as long as the window passed; negative: none

	// Money.

	Funds             FundsRule    // default by balance
	ReissuePrice      ReissuePrice // default free
	YearBanAbove      int          // more years than this are banned, 0 never; default never
	YearBanNumber     string       // "2015167", "2013167" or "4080167"; default "2015167"
	ProductReplacedOn time.Time    // from this day (US Eastern) old names are replaced; zero never; default 2026-07-11

	// Lists.

	List              ListForm    // default by data
	PageBeyondEnd     BeyondEnd   // default empty
	ListChanges       bool        // a purchase by hand happens before every page after the first; default off
	ProviderOrderID   bool        // getList rows carry it; default on
	YearsAttribute    bool        // getList and getInfo carry it; default on
	CreateDates       DatePadding // default padded
	ListDates         DatePadding // default padded
	InfoDates         DatePadding // default unpadded
	CreateStatusCase  LetterCase  // default mixed
	InfoStatusCase    LetterCase  // default lower
	ListStatusCase    LetterCase  // default lower
	SANsStatusCase    LetterCase  // purchasemoresans; default upper
	ExpiredWord       bool        // the status word expired appears; default on
	RevokedWord       bool        // the status word revoked appears; default on
	LegacyStatusWords bool        // inprogress, technicalproblem, deactivated instead of today's words; default off
	ForeignID         string      // error number for an id of another account: "2011294" or "5050900"; default "2011294"

	// Certificates.

	ChainLength        int           // CA certificates given out, 1 to 3; default 0: 1 in sandbox, 3 in production
	PKCS7              PKCS7Layout   // default one Certificate element
	Expires            ExpiryMeaning // default the leaf's end
	VettedIssuing      VettedIssuing // OV and EV; default never in sandbox
	Leaf200From        time.Time     // leaves live 200 instead of 398 days from this instant; default 2026-03-12
	Leaf100From        time.Time     // 100 days; default 2027-03-15
	Leaf47From         time.Time     // 47 days; default 2029-03-15
	PurchaseError      bool          // the CA refuses every submission; default off
	ActivationDays     int           // days in which a purchase can be activated; default 365
	DeadlinePassed     bool          // every activation is too late (4020294); default off
	AdminEmailRequired bool          // AdminEmailAddress missing is 2010214; default accepted

	// Domain validation.

	DCVShape      DCVShape   // of orders that SSL.com fulfils; default comodoca
	DCVWrapper    DCVWrapper // default one DNS element per domain
	HTTPSeparator Separator  // default blank

	// Reissue and renewal.

	ReplacedOn           ReplacedOn        // default on acceptance
	ActiveWithReplacedBy bool              // getInfo says active although ReplacedBy is filled; default off
	ReplacedBy           Topology          // default single
	ReissueElement       string            // "SSLReissueResult" or "SSLActivateResult"; default the first
	ReissueValidation    ReissueValidation // default reused: Validate does not look again
	ReissueIssuesAtOnce  bool              // a reissue on reused validation is issued within the call; default off
	SANsCount            CountRule         // default included and added
	RenewCopiesSANs      bool              // also when the product name was replaced; default on
	RenewalDaysBefore    int               // default 90
	RenewalDaysAfter     int               // default 180
	RenewalWindowByLeaf  bool              // the window is counted from the leaf's end, not the term's; default off
	DuplicateRenewGuard  bool              // 4028294 while a renewal is pending; default on
}

// DefaultSwitches returns the form that is known from live answers, or the
// first of two forms where neither is known.
func DefaultSwitches() Switches {
	return Switches{
		CommandPrefix: "namecheap.", Namespace: true, NamespaceURI: "http://api.namecheap.com/xml.response",
		Warnings: WarningsEmpty, Server: ServerByEnvironment,
		ThrottleForm: Throttle405, ThrottlePerMinute: 20, ThrottlePerHour: 700, ThrottlePerDay: 8000,
		Funds: FundsByBalance, ReissuePrice: ReissueFree, YearBanNumber: "2015167",
		ProductReplacedOn: time.Date(2026, time.July, 11, 0, 0, 0, 0, time.UTC),
		List:              ListByData, PageBeyondEnd: BeyondEmpty, ProviderOrderID: true, YearsAttribute: true,
		CreateDates: Padded, ListDates: Padded, InfoDates: Unpadded,
		CreateStatusCase: MixedCase, InfoStatusCase: LowerCase, ListStatusCase: LowerCase, SANsStatusCase: UpperCase,
		ExpiredWord: true, RevokedWord: true, ForeignID: "2011294",
		PKCS7: PKCS7One, Expires: ExpiresLeaf, VettedIssuing: VettedByEnvironment,
		Leaf200From:    time.Date(2026, time.March, 12, 0, 0, 0, 0, time.UTC),
		Leaf100From:    time.Date(2027, time.March, 15, 0, 0, 0, 0, time.UTC),
		Leaf47From:     time.Date(2029, time.March, 15, 0, 0, 0, 0, time.UTC),
		ActivationDays: 365,
		DCVShape:       ShapeComodo, DCVWrapper: WrapperDNS, HTTPSeparator: SeparatorBlank,
		ReplacedOn: ReplacedOnAcceptance, ReplacedBy: TopologySingle, ReissueElement: "SSLReissueResult",
		ReissueValidation: ValidationReused, SANsCount: CountIncludedAndAdded, RenewCopiesSANs: true,
		RenewalDaysBefore: 90, RenewalDaysAfter: 180, DuplicateRenewGuard: true,
	}
}

// allowedWords lists what each switch with a closed set of words may say, by
// the name of its field.
func allowedWords() map[string][]string {
	return map[string][]string{
		"ThrottleForm":      words(Throttle405, Throttle500000),
		"Funds":             words(FundsByBalance, FundsNever, FundsAlways),
		"Warnings":          words(WarningsEmpty, WarningsFilled, WarningsAbsent),
		"Server":            words(ServerByEnvironment, ServerProduction, ServerSandbox, ServerHex, ServerAbsent),
		"List":              words(ListByData, ListEmpty, ListSingle, ListTwo, ListMany),
		"PageBeyondEnd":     words(BeyondEmpty, BeyondLastPage, BeyondError),
		"PKCS7":             words(PKCS7One, PKCS7WithCAElements),
		"CreateDates":       words(Padded, Unpadded),
		"ListDates":         words(Padded, Unpadded),
		"InfoDates":         words(Padded, Unpadded),
		"CreateStatusCase":  words(LowerCase, UpperCase, MixedCase),
		"InfoStatusCase":    words(LowerCase, UpperCase, MixedCase),
		"ListStatusCase":    words(LowerCase, UpperCase, MixedCase),
		"SANsStatusCase":    words(LowerCase, UpperCase, MixedCase),
		"DCVShape":          words(ShapeComodo, ShapeOpaque),
		"DCVWrapper":        words(WrapperDNS, WrapperFlat),
		"HTTPSeparator":     words(SeparatorBlank, SeparatorNewline),
		"ReplacedOn":        words(ReplacedOnAcceptance, ReplacedOnIssuance),
		"ReplacedBy":        words(TopologySingle, TopologyChain, TopologyCycle),
		"ReissuePrice":      words(ReissueFree, ReissueCharged),
		"ReissueValidation": words(ValidationReused, ValidationAgain),
		"SANsCount":         words(CountIncludedAndAdded, CountAdded),
		"Expires":           words(ExpiresLeaf, ExpiresTerm),
		"VettedIssuing":     words(VettedByEnvironment, VettedNever, VettedAlways),
		"ReissueElement":    {"SSLReissueResult", "SSLActivateResult"},
		"YearBanNumber":     {"2015167", "2013167", "4080167"},
		"ForeignID":         {"2011294", "5050900"},
	}
}

func words[W ~string](values ...W) []string {
	list := make([]string, len(values))
	for i, value := range values {
		list[i] = string(value)
	}
	return list
}

// validate fills empty words with their defaults and refuses unknown ones.
func (w *Switches) validate() error {
	for command, latency := range w.CommandLatency {
		delete(w.CommandLatency, command)
		w.CommandLatency[strings.ToLower(command)] = latency
	}
	defaults := reflect.ValueOf(DefaultSwitches())
	value := reflect.ValueOf(w).Elem()
	for name, allowed := range allowedWords() {
		field := value.FieldByName(name)
		if field.String() == "" {
			field.SetString(defaults.FieldByName(name).String())
		}
		if !slices.Contains(allowed, field.String()) {
			return fmt.Errorf("simulator: switch %s: %q is none of %q", snakeCase(name), field.String(), allowed)
		}
	}
	if w.ChainLength < 0 || w.ChainLength > 3 {
		return fmt.Errorf("simulator: switch chain_length: %d is not within 0 to 3", w.ChainLength)
	}
	return nil
}

// Configure changes switches while the simulator runs. It panics when change
// leaves a word that its switch does not know, as that is a mistake in the
// caller's source; the control API answers such a word with an error.
func (s *Simulator) Configure(change func(*Switches)) {
	if err := s.configure(func(w *Switches) error { change(w); return nil }); err != nil {
		panic(err)
	}
}

func (s *Simulator) configure(change func(*Switches) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.switches.clone()
	if err := change(&next); err != nil {
		return err
	}
	if err := next.validate(); err != nil {
		return err
	}
	s.switches = next
	return nil
}

// Switches returns a copy of the present switches.
func (s *Simulator) Switches() Switches {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.switches.clone()
}

func (w Switches) clone() Switches {
	if w.CommandLatency != nil {
		copied := make(map[string]time.Duration, len(w.CommandLatency))
		for command, latency := range w.CommandLatency {
			copied[command] = latency
		}
		w.CommandLatency = copied
	}
	return w
}
