// SPDX-License-Identifier: Apache-2.0

package walkthrough_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// The guide tells of every problem code, with its statuses, what to do. (That the
// contract has all codes of the sources is tested beside the contract.)
func TestGuideHasEveryProblemCode(t *testing.T) {
	t.Parallel()
	var contract struct {
		Components struct {
			Schemas struct {
				Problem struct {
					Codes map[string]struct{ Statuses []string } `yaml:"x-problem-codes"`
				} `yaml:"Problem"`
			}
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, "api/openapi.yaml")), &contract); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for code, meaning := range contract.Components.Schemas.Problem.Codes {
		want[code] = strings.Join(meaning.Statuses, ", ")
	}
	got := map[string]string{}
	row := regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\| ([0-9, ]+) \\| [^|]+ \\| [^|]+ \\|$")
	for _, cells := range row.FindAllStringSubmatch(read(t, "docs/api.md"), -1) {
		if _, twice := got[cells[1]]; twice {
			t.Errorf("%s is told twice", cells[1])
		}
		got[cells[1]] = cells[2]
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
		t.Errorf("(-contract +guide):\n%s", diff)
	}
}
