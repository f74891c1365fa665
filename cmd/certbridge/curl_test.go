// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

// curl is -s, -X, -H and -d of curl. Other than that one, it fails when the answer
// is an error, as with curl's -f.
func curl() {
	method, url, body := http.MethodGet, "", ""
	header := http.Header{}
	for args := os.Args[1:]; len(args) > 0; args = args[1:] {
		switch option := args[0]; option {
		case "-s":
			continue
		case "-X", "-H", "-d":
			args = args[1:]
			switch option {
			case "-X":
				method = args[0]
			case "-H":
				name, value, _ := strings.Cut(args[0], ": ")
				header.Set(name, value)
			case "-d":
				body = args[0]
				if file, isFile := strings.CutPrefix(body, "@"); isFile {
					content, err := os.ReadFile(file)
					curlFails(err)
					body = string(content)
				}
			}
		default:
			url = option
		}
	}
	request, err := http.NewRequestWithContext(context.Background(), method, url, strings.NewReader(body))
	curlFails(err)
	request.Header = header
	response, err := http.DefaultClient.Do(request)
	curlFails(err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	curlFails(err)
	fmt.Println(string(answer))
	if response.StatusCode >= http.StatusBadRequest {
		curlFails(fmt.Errorf("%s %s: %s", method, url, response.Status))
	}
}

func curlFails(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(22)
	}
}
