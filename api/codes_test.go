// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/api/apitest"
)

// The contract lists every problem code that the sources can answer with, and no
// other.
func TestContractListsEveryProblemCode(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(apitest.Document(t).Components.Schemas["Problem"].Value.Extensions["x-problem-codes"])
	if err != nil {
		t.Fatal(err)
	}
	var listed map[string]any
	if err := json.Unmarshal(text, &listed); err != nil {
		t.Fatal(err)
	}
	written := map[string]bool{}
	for _, directory := range []string{".", filepath.Join("..", "provisioning")} {
		codesIn(t, directory, written)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(listed)), slices.Sorted(maps.Keys(written))); diff != "" {
		t.Errorf("(-listed +in the sources):\n%s", diff)
	}
}

// codesIn collects the codes of errors: the arguments of the functions that make
// them, the values of fields and variables called Code, and the entries of the table of
// provider faults.
func codesIn(t *testing.T, directory string, codes map[string]bool) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(directory, "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: no sources: %v", directory, err)
	}
	files := token.NewFileSet()
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			for _, literal := range codeLiterals(node) {
				if code, ok := codeOf(literal); ok {
					codes[code] = true
				}
			}
			return true
		})
	}
}

func codeLiterals(node ast.Node) []ast.Expr {
	switch node := node.(type) {
	case *ast.CallExpr:
		name, _ := node.Fun.(*ast.Ident)
		switch {
		case name == nil || len(node.Args) < 2:
		case name.Name == "invalid" || name.Name == "conflict":
			return node.Args[:1]
		case name.Name == "newProblem":
			return node.Args[1:2]
		}
		if name != nil && name.Name == "invalidField" {
			return []ast.Expr{&ast.BasicLit{Kind: token.STRING, Value: `"invalid_request"`}}
		}
	case *ast.KeyValueExpr:
		if name, ok := node.Key.(*ast.Ident); ok && name.Name == "Code" {
			return []ast.Expr{node.Value}
		}
	case *ast.AssignStmt:
		var values []ast.Expr
		for i, target := range node.Lhs {
			if field, ok := target.(*ast.SelectorExpr); ok && field.Sel.Name == "Code" && len(node.Rhs) == len(node.Lhs) {
				values = append(values, node.Rhs[i])
			}
		}
		return values
	case *ast.CompositeLit:
		if len(node.Elts) > 1 && node.Type == nil {
			if kind, ok := node.Elts[0].(*ast.Ident); ok && strings.HasPrefix(kind.Name, "Kind") {
				return node.Elts[1:2]
			}
		}
	}
	return nil
}

var codePattern = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

func codeOf(expression ast.Expr) (string, bool) {
	literal, ok := expression.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return "", false
	}
	code, err := strconv.Unquote(literal.Value)
	return code, err == nil && codePattern.MatchString(code)
}
