// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// row is one action measured on both sides.
type row struct {
	action               string
	baseline, certbridge round
}

func report(w io.Writer, driver string, rows []row) {
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "\n%s\tbare req/s\tcertbridge req/s\tratio\tbare p50\tp50\tadded\tbare p99\tp99\tratio\t\n", driver)
	for _, r := range rows {
		fmt.Fprintf(table, "%s\t%.0f\t%.0f\t%.2f\t%s\t%s\t%s\t%s\t%s\t%.2f\t\n", r.action,
			r.baseline.perSecond, r.certbridge.perSecond, r.certbridge.perSecond/r.baseline.perSecond,
			short(r.baseline.p50), short(r.certbridge.p50), short(r.certbridge.p50-r.baseline.p50),
			short(r.baseline.p99), short(r.certbridge.p99), float64(r.certbridge.p99)/float64(r.baseline.p99))
	}
	_ = table.Flush()
}

func short(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}
