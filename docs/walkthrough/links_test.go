// SPDX-License-Identifier: Apache-2.0

package walkthrough_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// A link within the repository leads to something.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	found := 0
	for _, page := range append(pages(t), "CONTRIBUTING.md") {
		for _, target := range link.FindAllStringSubmatch(read(t, page), -1) {
			path, _, _ := strings.Cut(target[1], "#")
			if path == "" || strings.Contains(path, "://") {
				continue
			}
			found++
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(page), path)); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
	if found == 0 {
		t.Error("no links were found")
	}
}
