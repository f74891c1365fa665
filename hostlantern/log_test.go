// SPDX-License-Identifier: Apache-2.0

package hostlantern_test

import (
	"bytes"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/certbridge/certbridge/hostlantern"
)

func logTo(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

func TestWarningsAndWhatWasToleratedReachTheLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	answer := strings.NewReplacer("<Warnings />", `<Warnings><Warning Number="2011302">soon
replaced</Warning></Warnings>`, "02/09/2026", "yesterday").Replace(example(t, "create"))
	s := newStub(t, answer, func(c *hostlantern.Config) { c.Log = logTo(&log) })
	if err := buy(t, s.client); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"number=2011302", `text="soon replaced"`, "account=stub", "command=ssl.create", "yesterday"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, log.String())
		}
	}
	if strings.Contains(log.String(), "hush-hush-key") {
		t.Errorf("the log has the key:\n%s", log.String())
	}
}
