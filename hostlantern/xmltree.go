// SPDX-License-Identifier: Apache-2.0

package hostlantern

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Bounds of a document. The largest real answer, a price list, has some
// thousands of elements; a page of certificates has a hundred.
const (
	maxDepth      = 16
	maxElements   = 100_000
	maxAttributes = 64 // of one element
)

// node is one element. Names of elements and attributes are lower-case and have
// no namespace: the API's letter case varies and its namespace comes and goes.
type node struct {
	name       string
	attributes []attribute
	text       []byte
	children   []*node
}

type attribute struct{ name, value string }

// attr gives an attribute's value without surrounding white space, "" if there
// is none.
func (n *node) attr(name string) string {
	value, _ := n.lookup(name)
	return value
}

func (n *node) lookup(name string) (string, bool) {
	for _, a := range n.attributes {
		if a.name == name {
			return strings.TrimSpace(a.value), true
		}
	}
	return "", false
}

// all gives the children with that name, in their order. The API writes lists of
// one as a bare element and empty ones as an element without children, which
// both come out right here.
func (n *node) all(name string) []*node {
	var found []*node
	for _, child := range n.children {
		if child.name == name {
			found = append(found, child)
		}
	}
	return found
}

// child gives the first child with that name. It is never nil, so that optional
// parts read as empty.
func (n *node) child(name string) *node {
	for _, child := range n.children {
		if child.name == name {
			return child
		}
	}
	return &node{name: name}
}

// value gives the text of a child without surrounding white space.
func (n *node) value(name string) string { return strings.TrimSpace(string(n.child(name).text)) }

// parseTree reads a document. It is encoding/xml's tokenizer with rules of its
// own on top:
//
//   - Attributes that touch (a="1"b="2") are accepted, as the documentation's own
//     getInfo sample is written so.
//   - The result element of revokecertificate may lack its end tag inside
//     CommandResponse, as in the documentation's sample. Every other element must
//     be closed by its own name, so that a cut answer is never a whole one.
//   - An attribute given twice, a second root, text beside the root and DTDs are
//     refused: two readers could read them differently.
func parseTree(document []byte) (*node, error) {
	decoder := xml.NewDecoder(bytes.NewReader(document))
	builder := treeBuilder{folded: map[string]string{}}
	for {
		start := decoder.InputOffset()
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			return builder.finish()
		}
		if err != nil {
			return nil, fmt.Errorf("not XML: %w", err)
		}
		if err := builder.add(token, bytes.HasPrefix(document[start:], []byte("<![CDATA["))); err != nil {
			return nil, err
		}
	}
}

type treeBuilder struct {
	root     *node
	open     []*node
	elements int
	folded   map[string]string // names in lower case, as a page repeats the same few
}

func (b *treeBuilder) fold(name string) string {
	folded, known := b.folded[name]
	if !known {
		folded = strings.ToLower(name)
		b.folded[name] = folded
	}
	return folded
}

func (b *treeBuilder) add(token xml.Token, verbatim bool) error {
	switch t := token.(type) {
	case xml.StartElement:
		return b.start(t)
	case xml.EndElement:
		return b.end(b.fold(t.Name.Local))
	case xml.CharData:
		return b.characters(t, verbatim)
	case xml.Directive:
		return errors.New("not an API answer: it has a document type")
	}
	return nil
}

func (b *treeBuilder) start(t xml.StartElement) error {
	b.elements++
	if b.elements > maxElements || len(b.open) >= maxDepth || len(t.Attr) > maxAttributes {
		return errors.New("not an API answer: too many elements or attributes")
	}
	n := &node{name: b.fold(t.Name.Local), attributes: make([]attribute, 0, len(t.Attr))}
	for _, a := range t.Attr {
		name := b.fold(a.Name.Local)
		if a.Name.Space != "" { // xmlns:x and the like carry nothing that is read
			name = b.fold(a.Name.Space) + ":" + name
		}
		if _, twice := n.lookup(name); twice {
			return fmt.Errorf("attribute %q stands twice in %q", name, n.name)
		}
		n.attributes = append(n.attributes, attribute{name, a.Value})
	}
	switch {
	case len(b.open) > 0:
		parent := b.open[len(b.open)-1]
		parent.children = append(parent.children, n)
	case b.root == nil:
		b.root = n
	default:
		return errors.New("the document has a second root element")
	}
	b.open = append(b.open, n)
	return nil
}

func (b *treeBuilder) end(name string) error {
	depth := len(b.open)
	if depth >= 2 && b.open[depth-1].name == "revokecertificateresult" && name == "commandresponse" {
		depth--
	}
	if depth == 0 || b.open[depth-1].name != name {
		return fmt.Errorf("the end tag of %q is out of place", name)
	}
	b.open = b.open[:depth-1]
	return nil
}

// characters keeps verbatim sections (CDATA) byte for byte and drops white space
// that only lays out the document around them.
func (b *treeBuilder) characters(text xml.CharData, verbatim bool) error {
	blank := len(bytes.TrimSpace(text)) == 0
	if len(b.open) == 0 {
		if !blank && !bytes.Equal(text, []byte("\ufeff")) {
			return errors.New("there is text outside of the root element")
		}
		return nil
	}
	if verbatim || !blank {
		n := b.open[len(b.open)-1]
		n.text = append(n.text, text...)
	}
	return nil
}

func (b *treeBuilder) finish() (*node, error) {
	if b.root == nil {
		return nil, errors.New("the document has no root element")
	}
	if len(b.open) > 0 {
		return nil, fmt.Errorf("the document ends inside of %q", b.open[len(b.open)-1].name)
	}
	return b.root, nil
}
