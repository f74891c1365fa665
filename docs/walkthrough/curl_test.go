// SPDX-License-Identifier: Apache-2.0

package walkthrough_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain lets this binary be as much of curl as the pages need, for machines that
// have Go, git and make only.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) != "curl" {
		m.Run()
		return
	}
	if err := curl(os.Args[1:], os.Stdout); err != nil { //nolint:forbidigo // this is curl's process
		fmt.Fprintln(os.Stderr, "curl:", err) //nolint:forbidigo // this is curl's process
		os.Exit(2)                            //nolint:forbidigo // this is curl's process
	}
}

// curl is -s, -X, -H, -d and -o of curl.
func curl(args []string, stdout io.Writer) error {
	method, url, output := "", "", ""
	var data []string
	header := http.Header{}
	for len(args) > 0 {
		option := args[0]
		args = args[1:]
		if option == "-s" {
			continue
		}
		if !strings.HasPrefix(option, "-") {
			url = option
			continue
		}
		if len(args) == 0 {
			return fmt.Errorf("%s needs a value", option)
		}
		value := args[0]
		args = args[1:]
		switch option {
		case "-X":
			method = value
		case "-H":
			name, content, _ := strings.Cut(value, ": ")
			header.Set(name, content)
		case "-o":
			output = value
		case "-d":
			if path, isFile := strings.CutPrefix(value, "@"); isFile {
				content, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				value = strings.NewReplacer("\r", "", "\n", "").Replace(string(content))
			}
			data = append(data, value)
		default:
			return fmt.Errorf("this stand-in does not know %s", option)
		}
	}
	if data != nil && header.Get("Content-Type") == "" {
		header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if method == "" {
		method = http.MethodGet
		if data != nil {
			method = http.MethodPost
		}
	}
	request, err := http.NewRequestWithContext(context.Background(), method, url, strings.NewReader(strings.Join(data, "&")))
	if err != nil {
		return err
	}
	request.Header = header
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if output != "" {
		return os.WriteFile(output, content, 0o600)
	}
	_, err = stdout.Write(content)
	return err
}
