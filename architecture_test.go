// SPDX-License-Identifier: Apache-2.0

// Package certbridge_test holds the walls between the packages: what
// docs/architecture.md says about imports is true because of this file.
package certbridge_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/certbridge/certbridge"

// goPackage is what `go list -json` tells about a package.
type goPackage struct {
	ImportPath string
	Standard   bool
	Imports    []string // direct ones, those of tests left out
	Deps       []string // all of them
}

// packages lists the module's packages with everything that they depend on.
func packages(t *testing.T) map[string]goPackage {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Standard,Imports,Deps", "./...")
	var complaints strings.Builder
	command.Stderr = &complaints
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	all := make(map[string]goPackage)
	for decoder := json.NewDecoder(output); ; {
		var one goPackage
		err := decoder.Decode(&one)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		all[one.ImportPath] = one
	}
	if err := command.Wait(); err != nil {
		t.Fatalf("%v: %s", err, complaints.String())
	}
	return all
}

// within tells whether a package is one of the roots or below one. Roots are
// written without the module's own path.
func within(path string, roots ...string) bool {
	return slices.ContainsFunc(roots, func(root string) bool {
		root = module + "/" + root
		return path == root || strings.HasPrefix(path, root+"/")
	})
}

// below tells whether an import path is one of the prefixes or below one.
func below(path string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool {
		return path == prefix || strings.HasPrefix(path, prefix+"/")
	})
}

// wall keeps some packages from depending on others, however indirectly.
type wall struct {
	name    string
	holds   func(path string) bool // for which packages of the module
	forbids func(dependency string) bool
	direct  bool // looks at direct imports only
}

func walls(all map[string]goPackage) []wall {
	adapters := []string{"api", "console", "hostlantern", "mirror", "tencentcloud", "whmcs"}
	product := func(path string) bool { return !within(path, "tools") }
	only := func(owners []string, libraries ...string) wall {
		return wall{
			direct: true,
			holds:  func(path string) bool { return product(path) && !within(path, owners...) },
			forbids: func(dependency string) bool {
				return below(dependency, libraries...)
			},
		}
	}
	named := func(name string, w wall) wall { w.name = name; return w }

	list := []wall{
		{
			name:  "provisioning depends on nothing but the standard library and golang.org/x",
			holds: func(path string) bool { return path == module+"/provisioning" },
			forbids: func(dependency string) bool {
				return !all[dependency].Standard && !below(dependency, "golang.org/x")
			},
		},
		{
			name:    "config depends on no other package of certbridge",
			holds:   func(path string) bool { return within(path, "config") },
			forbids: func(dependency string) bool { return below(dependency, module) && !within(dependency, "config") },
		},
		{
			name:    "nothing depends on cmd or on the tools",
			holds:   product,
			forbids: func(dependency string) bool { return within(dependency, "cmd", "tools") },
		},
		{
			name:  "what only tests need is in no program",
			holds: func(path string) bool { return product(path) && !isForTests(path) },
			forbids: func(dependency string) bool {
				return isForTests(dependency) || below(dependency, "github.com/getkin/kin-openapi", "github.com/google/go-cmp",
					"github.com/rogpeppe/go-internal", "go.uber.org/goleak", "pgregory.net/rapid")
			},
		},
		named("only api and console know echo", only([]string{"api", "console"}, "github.com/labstack/echo")),
		named("only mirror knows a database", only([]string{"mirror"}, "gorm.io", "database/sql", "modernc.org/sqlite",
			"github.com/go-sql-driver/mysql", "github.com/pressly/goose")),
		named("only config reads configuration", only([]string{"config"}, "github.com/spf13/viper", "go.yaml.in")),
		named("only cmd has a command line and makes the logger", only([]string{"cmd"}, "github.com/spf13/cobra", "go.uber.org/zap/exp")),
	}
	for _, adapter := range adapters {
		list = append(list, wall{
			name:  adapter + " depends on no other adapter, nor on config",
			holds: func(path string) bool { return within(path, adapter) && !isSimulator(path) },
			forbids: func(dependency string) bool {
				others := slices.DeleteFunc(slices.Clone(adapters), func(other string) bool { return other == adapter })
				return within(dependency, append(others, "config")...)
			},
		}, wall{
			name:    adapter + " depends on no simulator",
			holds:   func(path string) bool { return within(path, adapter) && !isSimulator(path) },
			forbids: isSimulator,
		}, wall{
			name:  "the simulator of " + adapter + " shares nothing with certbridge",
			holds: func(path string) bool { return within(path, adapter+"/simulator") },
			forbids: func(dependency string) bool {
				return below(dependency, module) && !within(dependency, adapter+"/simulator")
			},
		})
	}
	return list
}

// isForTests tells whether a package is there for tests to import, as
// provisioning/storetest is.
func isForTests(path string) bool {
	return below(path, module) && strings.HasSuffix(path, "test")
}

func isSimulator(path string) bool {
	return strings.HasPrefix(path, module) && slices.Contains(strings.Split(path, "/"), "simulator")
}

// breaches tells which of the module's packages break which wall.
func breaches(all map[string]goPackage) []string {
	var list []string
	for _, wall := range walls(all) {
		for path, one := range all {
			if !below(path, module) || !wall.holds(path) {
				continue
			}
			dependencies := one.Deps
			if wall.direct {
				dependencies = one.Imports
			}
			for _, dependency := range dependencies {
				if wall.forbids(dependency) {
					list = append(list, path+" depends on "+dependency+", but "+wall.name)
				}
			}
		}
	}
	slices.Sort(list)
	return list
}

func TestImportsRunOneWay(t *testing.T) {
	t.Parallel()
	for _, breach := range breaches(packages(t)) {
		t.Error(breach)
	}
}

// The walls would be worth nothing if they let through what they are there for.
func TestWallsCatchBreaches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path, dependency string
		caught           bool
	}{
		{"provisioning", "golang.org/x/net/idna", false},
		{"provisioning", "github.com/google/uuid", true},
		{"provisioning", module + "/hostlantern", true},
		{"provisioning/storetest", "pgregory.net/rapid", false},
		{"config", "github.com/spf13/viper", false},
		{"config", module + "/provisioning", true},
		{"cmd/certbridge", "github.com/spf13/viper", true},
		{"cmd/certbridge", module + "/mirror", false},
		{"cmd/certbridge", "gorm.io/gorm", true},
		{"cmd/certbridge", "pgregory.net/rapid", true},
		{"mirror", "gorm.io/driver/mysql", false},
		{"mirror", module + "/provisioning", false},
		{"mirror", module + "/hostlantern", true},
		{"mirror", module + "/config", true},
		{"api", "github.com/labstack/echo/v4", false},
		{"api", module + "/mirror", true},
		{"api", "github.com/getkin/kin-openapi/openapi3", true},
		{"api/apitest", "github.com/getkin/kin-openapi/openapi3", false},
		{"cmd/certbridge", module + "/provisioning/storetest", true},
		{"console", module + "/api", true},
		{"hostlantern", "github.com/labstack/echo/v4", true},
		{"hostlantern", module + "/hostlantern/simulator", true},
		{"hostlantern/simulator", module + "/hostlantern", true},
		{"hostlantern/simulator", module + "/provisioning", true},
		{"hostlantern/simulator", "crypto/x509", false},
		{"tools/bench", "github.com/labstack/echo/v4", false},
	} {
		dependency := goPackage{ImportPath: c.dependency, Standard: !strings.Contains(c.dependency, ".")}
		importer := goPackage{ImportPath: module + "/" + c.path, Imports: []string{c.dependency}, Deps: []string{c.dependency}}
		found := breaches(map[string]goPackage{importer.ImportPath: importer, c.dependency: dependency})
		if caught := len(found) > 0; caught != c.caught {
			t.Errorf("%s importing %s: caught is %t, want %t: %q", c.path, c.dependency, caught, c.caught, found)
		}
	}
}

// The domain speaks its own words. A provider's name in it would be a rule for
// one provider in a place that must hold for all.
func TestDomainNamesNoProvider(t *testing.T) {
	t.Parallel()
	provider := regexp.MustCompile(`(?i)hostlantern|namecheap|tencent|sectigo|comodo`)
	files := token.NewFileSet()
	for _, path := range goFiles(t, "provisioning") {
		if filepath.Dir(path) != "provisioning" || strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			text := ""
			switch node := node.(type) {
			case *ast.Ident:
				text = node.Name
			case *ast.BasicLit:
				text = node.Value
			}
			if provider.MatchString(text) {
				t.Errorf("%s: %s", files.Position(node.Pos()), text)
			}
			return true
		})
	}
}

func TestEveryGoFileNamesItsLicence(t *testing.T) {
	t.Parallel()
	const header = "// SPDX-License-Identifier: Apache-2.0\n\n"
	paths := goFiles(t, ".")
	if len(paths) == 0 {
		t.Fatal("found no Go file at all")
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(text), header) {
			t.Errorf("%s does not start with %q", path, header)
		}
	}
}

// go.mod must mean the same to everyone who imports or installs certbridge.
func TestModuleFileReplacesNothing(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"go.mod", "tools.mod"} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if word, _, _ := strings.Cut(strings.TrimSpace(line), " "); word == "replace" || word == "exclude" {
				t.Errorf("%s: %s", path, strings.TrimSpace(line))
			}
		}
	}
}

func goFiles(t *testing.T, root string) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != root && strings.HasPrefix(entry.Name(), ".") {
			return fs.SkipDir
		}
		if !entry.IsDir() && strings.HasSuffix(path, ".go") {
			paths = append(paths, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}
