// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/mirror/mirrortest"
)

// What serves settles by itself what the one before it left in doubt.
func TestServeReconcilesByItself(t *testing.T) {
	t.Parallel()
	for _, driver := range mirrortest.Drivers() {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			d := openTill(t, driver)
			d.lose("1", simulator.FaultLost)
			if code := d.served.Stop(); code != exitDone {
				t.Errorf("it ends with %d", code)
			}
			d.simulated.Advance(5 * time.Minute)
			address, r := d.serve()
			defer r.Stop()
			// Each request gives the round some time; it needs that of a few.
			for range 100_000 {
				status, body := get(t, address+"/v1/services/1", d.key)
				if status != http.StatusOK {
					t.Fatalf("the service is answered %d %s", status, body)
				}
				if strings.Contains(body, `"certificate_id":"`+d.bought("ssl.create")+`"`) {
					return
				}
			}
			t.Error("it is in doubt still")
		})
	}
}
