// SPDX-License-Identifier: Apache-2.0

package config

// Keys lists every key that there is by its path, those of list entries with []
// after the list's name.
func Keys() []string { return paths(schema(), "") }

func paths(k key, prefix string) []string {
	var found []string
	for _, child := range k.keys {
		path := join(prefix, child.name)
		switch child.kind {
		case section:
			found = append(found, paths(child, path)...)
		case list:
			found = append(found, paths(child, path+"[]")...)
		default:
			found = append(found, path)
		}
	}
	return found
}
