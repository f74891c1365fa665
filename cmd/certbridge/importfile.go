// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/certbridge/certbridge/provisioning"
)

// importLine is a line of the file that an import reads.
type importLine struct {
	number  int               // in the file, from 1; the header is the first
	values  map[string]string // by column
	panel   string            // its name
	request provisioning.LinkRequest
	wrong   string // why it cannot be read; "" if it can
}

// importColumns are the columns that a file may have. Those that are needed come
// first.
var importColumns = []string{
	"service_id", "certificate_id", "panel", "account", "product", "years", "purchased_on",
	"client_external_id", "client_name", "client_email",
}

const neededColumns = 2

// importFile reads a whole CSV file with a header. What is wrong with the file
// itself is an error; what is wrong with a line is told with the line.
func importFile(file io.Reader) ([]importLine, error) {
	reader := csv.NewReader(file)
	reader.FieldsPerRecord = -1 // told by line, below
	header, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty; its first line names the columns")
	}
	if err != nil {
		return nil, err
	}
	if err := checkHeader(header); err != nil {
		return nil, err
	}
	var lines []importLine
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return nil, err
		}
		number, _ := reader.FieldPos(0)
		lines = append(lines, readImportLine(number, header, record))
	}
}

// checkHeader also cleans it: spreadsheets write a byte order mark and capitals.
func checkHeader(header []string) error {
	for i, name := range header {
		name = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))
		header[i] = name
		switch {
		case !slices.Contains(importColumns, name):
			return fmt.Errorf("the column %q is not known; there are %s", printable(name), strings.Join(importColumns, ", "))
		case slices.Contains(header[:i], name):
			return fmt.Errorf("the column %s is there twice", name)
		}
	}
	for _, name := range importColumns[:neededColumns] {
		if !slices.Contains(header, name) {
			return fmt.Errorf("the column %s is missing; the first line of the file names the columns", name)
		}
	}
	return nil
}

func readImportLine(number int, header, record []string) importLine {
	line := importLine{number: number, values: map[string]string{}}
	for i, name := range header {
		if i < len(record) {
			line.values[name] = strings.TrimSpace(record[i])
		}
	}
	line.panel = line.values["panel"]
	line.request = provisioning.LinkRequest{
		ServiceID: line.values["service_id"], CertificateID: line.values["certificate_id"], Account: line.values["account"],
		Product: line.values["product"],
		Client: provisioning.Client{
			ExternalID: line.values["client_external_id"], Name: line.values["client_name"], Email: line.values["client_email"],
		},
	}
	var err error
	switch {
	case len(record) != len(header):
		line.wrong = fmt.Sprintf("The line has %d values, and there are %d columns.", len(record), len(header))
	case line.request.ServiceID == "":
		line.wrong = "The service_id is missing."
	case line.request.CertificateID == "":
		line.wrong = "The certificate_id is missing."
	}
	if text := line.values["years"]; text != "" && line.wrong == "" {
		if line.request.Years, err = strconv.Atoi(text); err != nil || line.request.Years < 1 {
			line.wrong = fmt.Sprintf("%q is no number of years.", text)
		}
	}
	if text := line.values["purchased_on"]; text != "" && line.wrong == "" {
		if line.request.PurchasedOn, err = provisioning.ParseDate(text); err != nil {
			line.wrong = fmt.Sprintf("purchased_on: %v.", err)
		}
	}
	return line
}
